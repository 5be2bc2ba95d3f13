"""Who holds which license."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from selfservice.accounts.models import TenantModel
from selfservice.catalog.models import Product
from selfservice.subscriptions.models import Subscription


class LicenseAssignment(TenantModel):
    """One person's license out of one subscription, from then until then.

    Live while `ended_at` and `suspended_at` are null. Rows are kept as history and
    written only by `licensing.services.assigning`, which moves
    `Subscription.assigned` in the same transaction.
    """

    subscription = models.ForeignKey(
        Subscription,
        on_delete=models.PROTECT,
        related_name="assignments",
        db_index=False,
    )
    # Copied from the subscription: a person has one license per product and
    # purchaser, whichever subscription it comes from.
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    purchaser = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    # Null: the portal itself did it.
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_index=False,
    )
    assigned_at = models.DateTimeField()
    suspended_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # Null: the portal itself did it.
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_index=False,
    )
    # The same for all that were taken back in one go, by which that is undone.
    withdrawal = models.UUIDField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "purchaser", "product", "user"],
                condition=Q(ended_at=None, suspended_at=None),
                name="licenseassignment_one_live_per_person",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "subscription", "assigned_at", "id"],
                condition=Q(ended_at=None, suspended_at=None),
                name="licenseassignment_live",
            ),
            # The people of a product, page by page: keys grow with time.
            models.Index(
                fields=["organization", "purchaser", "product", "id"],
                condition=Q(ended_at=None, suspended_at=None),
                name="licenseassignment_by_product",
            ),
            models.Index(
                fields=["organization", "user"],
                condition=Q(ended_at=None),
                name="licenseassignment_by_user",
            ),
            # What somebody had, for a while after it was taken back.
            models.Index(
                fields=["organization", "user", "ended_at"],
                condition=Q(ended_at__isnull=False),
                name="licenseassignment_ended",
            ),
            models.Index(
                fields=["organization", "withdrawal"],
                condition=Q(withdrawal__isnull=False),
                name="licenseassignment_withdrawn",
            ),
        ]
