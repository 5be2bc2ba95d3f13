"""Billing accounts, billing profiles and payment methods."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from selfservice.accounts.models import TenantForeignKey, TenantModel


class Address(models.Model):
    """A postal address; the country is an ISO 3166 code."""

    line1 = models.CharField(_("Street and number"), max_length=200)
    line2 = models.CharField(_("Address line 2"), max_length=200, blank=True)
    postal_code = models.CharField(_("Postal code"), max_length=20, blank=True)
    city = models.CharField(_("City"), max_length=100, blank=True)
    # Province, state or county, as `billing.addresses` knows those of the country.
    region = models.CharField(
        _("Province, state or county"), max_length=100, blank=True, default=""
    )
    country = models.CharField(_("Country or region"), max_length=2)

    class Meta:
        abstract = True


class TaxIdState(models.TextChoices):
    """What is known of a VAT number; no answer means not checked yet, never invalid."""

    NONE = "", _("No tax ID")
    UNCHECKED = "unchecked", _("Not checked yet")
    VALID = "valid", _("Valid")
    INVALID = "invalid", _("Invalid")


class BillingAccount(Address, TenantModel):
    """Who buys: the sold-to party of one purchaser.

    Made by the first purchase (`services.accounts.open_account`), changed by
    `services.account_changes`. The country never changes, because tax and currency
    follow from it. `version` counts the changes, so that two tabs don't overwrite
    each other.
    """

    purchaser = TenantForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    name = models.CharField(_("Organization name"), max_length=200)
    email = models.EmailField(_("Email"))
    tax_id = models.CharField(_("Tax ID"), max_length=30, blank=True)
    # Written by `services.vat_numbers`, like when somebody was last asked about it.
    tax_id_state = models.CharField(
        max_length=10, choices=TaxIdState, blank=True, default=TaxIdState.NONE
    )
    tax_id_asked_at = models.DateTimeField(null=True, blank=True)
    registration_number = models.CharField(
        _("Registration number"), max_length=40, blank=True, default=""
    )
    version = models.PositiveIntegerField(default=0)
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
        indexes = [
            models.Index(
                fields=["tax_id_asked_at"],
                condition=models.Q(tax_id_state="unchecked"),
                name="billingaccount_to_check",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tax_id_at_stripe(self) -> str:
        """What its customers are to have at Stripe: no number that is invalid."""
        return "" if self.tax_id_state == TaxIdState.INVALID else self.tax_id


class BillingProfile(Address, TenantModel):
    """Who is billed and how: one Stripe customer.

    The first is made with the account by the first purchase, others by
    `services.adding_profiles`. `name` is what its owner calls it; the address and
    `bill_to_name` stand on invoices. The currency never changes. `version` counts
    the changes, so that two tabs don't overwrite each other.
    """

    account = TenantForeignKey(
        BillingAccount,
        on_delete=models.PROTECT,
        related_name="profiles",
        db_index=False,
    )
    purchaser = TenantForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    name = models.CharField(_("Name"), max_length=200)
    bill_to_name = models.CharField(_("Bill-to name"), max_length=200, default="")
    email = models.EmailField(_("Email"))
    # Where it is used, in the words of `address_of`; empty: at the bill-to address.
    usage_address = models.JSONField(default=dict, blank=True)
    currency = models.CharField(max_length=3)
    po_number = models.CharField(_("PO number"), max_length=40, blank=True)
    # Empty until Stripe answered; the operation row knows the rest.
    stripe_customer_id = models.CharField(max_length=64, blank=True, default="")
    payment_method = TenantForeignKey(
        "billing.PaymentMethod",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
    )
    version = models.PositiveIntegerField(default=0)
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


class ProfileDraft(TenantModel):
    """What was typed so far of a billing profile that is being added.

    Its key is the profile's to be, so that finishing twice makes one. Gone with the
    profile's Stripe customer, or after a while (`services.adding_profiles`).
    """

    purchaser = TenantForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    # By step: the answers that were accepted.
    answers = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["organization", "purchaser"], name="profiledraft_by_purchaser"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class PaymentMethod(TenantModel):
    """A card of one billing profile, as Stripe describes it; never its number.

    Written by `services.cards.keep_card`.
    """

    profile = TenantForeignKey(
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
    # As the bank knows it: Stripe's names of the parts, without those that are empty.
    address = models.JSONField(blank=True, default=dict)
    # Being deleted: nobody can choose it any more, and Stripe is yet to say yes.
    leaving_at = models.DateTimeField(null=True, blank=True)
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

    @property
    def can_pay(self) -> bool:
        """Whether it can be chosen; deleted, or about to be, it can't."""
        return self.detached_at is None and self.leaving_at is None

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
        "region": place.region,
        "country": place.country,
    }
