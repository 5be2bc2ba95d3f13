"""The PDFs of a filtered list, gathered by the worker for one download."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from selfservice.accounts.models import TenantForeignKey, TenantModel


class InvoiceArchive(TenantModel):
    """What somebody asked to have in one ZIP file.

    `wanted` holds the ids of the invoices, as they were found then. Written only by
    `services.archives`; removed when it has expired.
    """

    purchaser = TenantForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    wanted = models.JSONField()
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    # By the portal's clock, counted from when it was asked for.
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "id"], name="invoicearchive_organization_id"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "purchaser", "-asked_at"],
                name="invoicearchive_by_purchaser",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class InvoiceArchiveFile(TenantModel):
    """One PDF of it; empty when Stripe has none."""

    archive = TenantForeignKey(
        InvoiceArchive, on_delete=models.CASCADE, related_name="files", db_index=False
    )
    invoice_id = models.UUIDField()
    name = models.CharField(max_length=120)
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "archive", "invoice_id"],
                name="invoicearchivefile_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name
