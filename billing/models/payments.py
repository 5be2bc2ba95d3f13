"""What was paid of an invoice, and what was credited, as Stripe says."""

from __future__ import annotations

from django.db import models

from billing.models.invoices import Invoice
from selfservice.accounts.models import TenantForeignKey, TenantModel
from selfservice.core.money import Money


class InvoicePayment(TenantModel):
    """One try of charging an invoice to a card, as the bank answered it.

    Written only by `services.receipts`; never changed. Minor units of the invoice's
    currency.
    """

    invoice = TenantForeignKey(
        Invoice, on_delete=models.PROTECT, related_name="payments", db_index=False
    )
    stripe_charge_id = models.CharField(max_length=64)
    amount_minor = models.BigIntegerField()
    # Empty when it went through; else the bank's reason, as Stripe calls it.
    decline = models.CharField(max_length=64, blank=True, default="")
    succeeded = models.BooleanField()
    brand = models.CharField(max_length=20, blank=True, default="")
    last4 = models.CharField(max_length=4, blank=True, default="")
    receipt_number = models.CharField(max_length=40, blank=True, default="")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "stripe_charge_id"],
                name="invoicepayment_charge_unique",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "invoice"], name="invoicepayment_by_invoice"
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_charge_id


class InvoiceCredit(TenantModel):
    """A credit note: what was taken back of an invoice, and where the money went.

    Written only by `services.receipts`; afterwards it can only become void. Minor
    units of the invoice's currency, tax included; those of `lines` exclude it:
    `[{"text", "quantity", "amount_minor", "tax_minor"}]`.
    """

    invoice = TenantForeignKey(
        Invoice, on_delete=models.PROTECT, related_name="credits", db_index=False
    )
    stripe_credit_note_id = models.CharField(max_length=64)
    number = models.CharField(max_length=64, db_collation="C")
    void = models.BooleanField(default=False)
    reason = models.CharField(max_length=40, blank=True, default="")
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    # Back to the card; kept for the next invoice; or no longer asked for.
    refunded_minor = models.BigIntegerField()
    kept_minor = models.BigIntegerField()
    reduced_minor = models.BigIntegerField()
    lines = models.JSONField(default=list)
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "stripe_credit_note_id"],
                name="invoicecredit_note_unique",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "invoice"], name="invoicecredit_by_invoice"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def total(self, currency: str) -> Money:
        return Money(self.total_minor, currency)
