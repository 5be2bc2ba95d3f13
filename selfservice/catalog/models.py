"""What can be bought: the same for every organization."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from selfservice.core.ids import uuid7
from selfservice.core.money import Money


class Category(models.TextChoices):
    """The shelves of Purchase services."""

    PROJECTS = "projects", _("Projects and planning")
    DIAGRAMS = "diagrams", _("Diagrams and design")
    DATA = "data", _("Data and reporting")
    AUTOMATION = "automation", _("Automation")
    MEETINGS = "meetings", _("Meetings and communication")
    SECURITY = "security", _("Security")
    OTHER = "other", _("Other")


class Product(models.Model):
    """Something people hold licenses of. Written by `sync_catalog`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=80)
    name = models.CharField(max_length=120)
    summary_en = models.CharField(max_length=200)
    summary_nl = models.CharField(max_length=200)
    description_en = models.TextField()
    description_nl = models.TextField()
    category = models.CharField(max_length=20, choices=Category)
    icon = models.CharField(max_length=40)
    color = models.PositiveSmallIntegerField(default=1)
    trial_offered = models.BooleanField(default=False)
    trial_needs_card = models.BooleanField(default=True)
    # Null: as many as wanted.
    license_cap = models.PositiveIntegerField(null=True, blank=True)
    # From this instant no new licenses are sold; null: no end known.
    ends_sale_at = models.DateTimeField(null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slug"], name="product_slug_unique"),
            models.CheckConstraint(
                condition=models.Q(license_cap__isnull=True)
                | models.Q(license_cap__gte=1),
                name="product_license_cap_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def summary(self) -> str:
        return self.summary_nl if _reads_dutch() else self.summary_en

    @property
    def description(self) -> str:
        return self.description_nl if _reads_dutch() else self.description_en

    def sold_at(self, instant: dt.datetime) -> bool:
        """Whether new licenses are sold at `instant`."""
        return self.ends_sale_at is None or instant < self.ends_sale_at


class Term(models.TextChoices):
    """How long one commits."""

    MONTH = "month", _("1 month")
    YEAR = "year", _("1 year")
    THREE_YEARS = "three_years", _("3 years")


TERM_MONTHS = {Term.MONTH: 1, Term.YEAR: 12, Term.THREE_YEARS: 36}


class Frequency(models.TextChoices):
    """How often one is charged."""

    MONTHLY = "monthly", _("Billed monthly")
    YEARLY = "yearly", _("Billed yearly")


FREQUENCY_MONTHS = {Frequency.MONTHLY: 1, Frequency.YEARLY: 12}


class Plan(models.Model):
    """A product for a term, charged at a frequency. Written by `sync_catalog`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="plans")
    term = models.CharField(max_length=12, choices=Term)
    frequency = models.CharField(max_length=10, choices=Frequency)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "term", "frequency"], name="plan_unique"
            ),
            models.CheckConstraint(
                condition=~models.Q(term=Term.MONTH, frequency=Frequency.YEARLY),
                name="plan_frequency_within_term",
            ),
        ]

    def __str__(self) -> str:
        frequency = str(self.get_frequency_display())
        return f"{self.get_term_display()}, {frequency[0].lower()}{frequency[1:]}"

    @property
    def term_months(self) -> int:
        return TERM_MONTHS[Term(self.term)]

    @property
    def billing_months(self) -> int:
        return FREQUENCY_MONTHS[Frequency(self.frequency)]


class Price(models.Model):
    """What one license of a plan costs per billing period, exclusive of tax.

    A changed price is a new row; running subscriptions keep theirs. Written by
    `sync_catalog`; `amount_minor` never changes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="prices")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    # Empty until Stripe has the price too; such a plan isn't offered.
    stripe_price_id = models.CharField(max_length=64, blank=True, default="")
    valid_from = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "currency"],
                condition=models.Q(retired_at=None),
                name="price_one_current_per_plan_and_currency",
            ),
            models.CheckConstraint(
                condition=models.Q(amount_minor__gte=0),
                name="price_amount_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return str(self.money)

    @property
    def money(self) -> Money:
        return Money(self.amount_minor, self.currency)


def _reads_dutch() -> bool:
    return (get_language() or "").startswith("nl")
