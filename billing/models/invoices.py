"""Invoices: snapshots of what Stripe charged, without a way back up."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.accounts import BillingProfile
from selfservice.accounts.models import TenantForeignKey, TenantModel
from selfservice.core.money import Money


class InvoiceStatus(models.TextChoices):
    """Stripe's own words."""

    DRAFT = "draft", _("Draft")
    OPEN = "open", _("Due")
    PAID = "paid", _("Paid")
    UNCOLLECTIBLE = "uncollectible", _("Past due")
    VOID = "void", _("Void")


class Invoice(TenantModel):
    """One invoice as it was when it became final.

    Sold-to and bill-to are copied into it, because an invoice must not change when
    the account is renamed. Written only by `services.invoices.apply_invoice`.
    Amounts are minor units of `currency`.
    """

    profile = TenantForeignKey(
        BillingProfile,
        on_delete=models.PROTECT,
        related_name="invoices",
        db_index=False,
    )
    purchaser = TenantForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    # A plain id: an invoice knows no higher room. Null when it is for none.
    subscription_id = models.UUIDField(null=True, blank=True)
    stripe_invoice_id = models.CharField(max_length=64)
    number = models.CharField(max_length=64, db_collation="C")
    status = models.CharField(max_length=16, choices=InvoiceStatus)
    # A payment was tried and failed; not of an order that still waits for its bank.
    attempted = models.BooleanField(default=False)
    currency = models.CharField(max_length=3)
    subtotal_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    paid_minor = models.BigIntegerField()
    remaining_minor = models.BigIntegerField()
    # What credit notes gave back after it was paid, tax included.
    refunded_minor = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=40, blank=True, default="")
    title = models.CharField(max_length=200, blank=True, default="")
    # The profile's name then: it may be called something else since.
    profile_name = models.CharField(max_length=200, blank=True, default="")
    sold_to = models.JSONField(default=dict)
    bill_to = models.JSONField(default=dict)
    # So many lines, and no more: a trigger refuses another one.
    line_count = models.PositiveSmallIntegerField(default=0)
    po_number = models.CharField(max_length=40, blank=True, default="")
    finalized_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    stripe_synced_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "stripe_invoice_id"],
                name="invoice_stripe_id_unique",
            ),
            models.UniqueConstraint(
                fields=["organization", "id"], name="invoice_organization_id"
            ),
        ]
        indexes = [
            # All that the list shows, filters by and adds up: the index alone tells it.
            models.Index(
                fields=["organization", "purchaser", "-finalized_at", "-id"],
                include=[
                    "profile",
                    "status",
                    "attempted",
                    "currency",
                    "total_minor",
                    "remaining_minor",
                    "refunded_minor",
                    "number",
                    "title",
                    "profile_name",
                ],
                name="invoice_listed",
            ),
            # What a whole organization spent, by month and product.
            models.Index(
                fields=["organization", "finalized_at"],
                include=[
                    "status",
                    "currency",
                    "title",
                    "paid_minor",
                    "refunded_minor",
                    "remaining_minor",
                ],
                name="invoice_spend",
            ),
            models.Index(
                fields=["organization", "subscription_id", "-finalized_at"],
                name="invoice_by_subscription",
            ),
            # A few of millions: what every page of a purchaser asks for.
            models.Index(
                fields=["organization", "purchaser", "finalized_at"],
                condition=models.Q(status__in=["open", "uncollectible"]),
                name="invoice_to_be_paid",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def subtotal(self) -> Money:
        return Money(self.subtotal_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_minor, self.currency)

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_minor, self.currency)

    @property
    def amount_due(self) -> Money:
        """What is still to be paid; nothing once paid or void."""
        closed = self.status in {InvoiceStatus.PAID, InvoiceStatus.VOID}
        return Money(0 if closed else self.remaining_minor, self.currency)

    @property
    def due_at(self) -> dt.datetime:
        """Cards are charged at once, so an invoice is due when it is final."""
        return self.finalized_at

    @property
    def is_open(self) -> bool:
        """Whether it can be paid; Stripe takes money for uncollectible ones, too."""
        return self.status in {InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE}

    @property
    def is_past_due(self) -> bool:
        return self.shown_status == "past_due"

    @property
    def shown_status(self) -> str:
        """due, past_due, paid or void: past due after a failed attempt."""
        if self.status == InvoiceStatus.OPEN:
            return "past_due" if self.attempted else "due"
        if self.status == InvoiceStatus.UNCOLLECTIBLE:
            return "past_due"
        return self.status


class LineKind(models.TextChoices):
    """What kind of transaction a line stands for."""

    PURCHASE = "purchase", _("Purchase")
    PAYMENT = "payment", _("Monthly payment")
    RENEW = "renew", _("Renew")
    ADD = "add", _("Add quantity")
    REMOVE = "remove", _("Remove quantity")
    CANCEL = "cancel", _("Cancel")
    CONVERT = "convert", _("Convert")
    CREDIT = "credit", _("Credit")


class InvoiceLine(TenantModel):
    """One line of an invoice, final like it. Amounts exclude tax."""

    invoice = TenantForeignKey(
        Invoice, on_delete=models.PROTECT, related_name="lines", db_index=False
    )
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=LineKind)
    text = models.CharField(max_length=300)
    quantity = models.PositiveIntegerField(null=True)
    unit_minor = models.BigIntegerField(null=True)
    amount_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    # In basis points: 2100 is 21 %. Null: no tax applies.
    tax_rate_bp = models.PositiveIntegerField(null=True)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "invoice", "position"],
                name="invoiceline_position_unique",
            ),
        ]
