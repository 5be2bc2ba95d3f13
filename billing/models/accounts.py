"""Billing accounts, billing profiles and payment methods."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from selfservice.accounts.models import TenantModel


class Address(models.Model):
    """A postal address; the country is an ISO 3166 code."""

    line1 = models.CharField(_("Street and number"), max_length=200)
    line2 = models.CharField(_("Address line 2"), max_length=200, blank=True)
    postal_code = models.CharField(_("Postal code"), max_length=20, blank=True)
    city = models.CharField(_("City"), max_length=100)
    country = models.CharField(_("Country or region"), max_length=2)

    class Meta:
        abstract = True


class BillingAccount(Address, TenantModel):
    """Who buys: the sold-to party of one purchaser.

    Made by the first purchase (`services.accounts.open_account`). The country never
    changes, because tax and currency follow from it.
    """

    purchaser = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    name = models.CharField(_("Organization name"), max_length=200)
    email = models.EmailField(_("E-mail"))
    tax_id = models.CharField(_("Tax ID"), max_length=30, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "id"], name="billingaccount_organization_id"
            ),
            models.UniqueConstraint(
                fields=["organization", "purchaser"],
                name="billingaccount_one_per_purchaser",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BillingProfile(Address, TenantModel):
    """Who is billed and how: one Stripe customer.

    Made with the account by the first purchase. The currency never changes.
    """

    account = models.ForeignKey(
        BillingAccount,
        on_delete=models.PROTECT,
        related_name="profiles",
        db_index=False,
    )
    purchaser = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    name = models.CharField(_("Name"), max_length=200)
    email = models.EmailField(_("E-mail"))
    currency = models.CharField(max_length=3)
    po_number = models.CharField(_("PO number"), max_length=40, blank=True)
    # Empty until Stripe answered; the operation row knows the rest.
    stripe_customer_id = models.CharField(max_length=64, blank=True, default="")
    payment_method = models.ForeignKey(
        "billing.PaymentMethod",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "id"], name="billingprofile_organization_id"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "purchaser"],
                name="billingprofile_by_purchaser",
            ),
            models.Index(
                fields=["organization", "account"], name="billingprofile_by_account"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PaymentMethod(TenantModel):
    """A card of one billing profile, as Stripe describes it; never its number.

    Written by `services.cards.keep_card`.
    """

    profile = models.ForeignKey(
        BillingProfile,
        on_delete=models.PROTECT,
        related_name="payment_methods",
        db_index=False,
    )
    stripe_payment_method_id = models.CharField(max_length=64)
    brand = models.CharField(max_length=20)
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()
    # The same card under another profile has the same fingerprint.
    fingerprint = models.CharField(max_length=64)
    holder_name = models.CharField(max_length=200, blank=True, default="")
    detached_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "id"], name="paymentmethod_organization_id"
            ),
            models.UniqueConstraint(
                fields=["organization", "stripe_payment_method_id"],
                name="paymentmethod_stripe_id_unique",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "profile"], name="paymentmethod_by_profile"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand_name} •••• {self.last4}"

    @property
    def brand_name(self) -> str:
        """The brand as it is written on the card."""
        names: dict[str, str] = {"amex": "American Express", "visa": "Visa"}
        return names.get(self.brand, self.brand.replace("_", " ").title())

    @property
    def expires(self) -> str:
        """Month and year as printed on the card: 08/2029."""
        return f"{self.exp_month:02d}/{self.exp_year}"

    def expired_by(self, year: int, month: int) -> bool:
        """Whether the card is no longer valid in that month."""
        return (self.exp_year, self.exp_month) < (year, month)


def address_of(place: Address) -> dict[str, Any]:
    """The address as plain words, for a snapshot or for Stripe."""
    return {
        "line1": place.line1,
        "line2": place.line2,
        "postal_code": place.postal_code,
        "city": place.city,
        "country": place.country,
    }
