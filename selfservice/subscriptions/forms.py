"""The only parsers of what comes in: addresses and forms of buying and of lists."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.account_forms import checked_vat_number
from billing.address_forms import AddressForm
from billing.forms import CardForm, stored_card
from billing.services.accounts import SoldTo
from selfservice.accounts.models import User
from selfservice.core.forms import CountField, LineField
from selfservice.subscriptions.lifecycle import LABELS
from selfservice.subscriptions.models import CancelReason

MOST_LICENSES = 100_000
HOW_MANY = {
    "required": _("Enter how many licenses you want."),
    "invalid": _("Enter the number of licenses in digits, such as 12."),
    "min_value": _("Buy at least 1 license."),
    "max_value": _("More than %(limit_value)s licenses can't be bought here."),
}
NO_ORDER = _("This page can't be used for an order. Start again at the product.")
NO_PLAN = _("Select a plan.")
NO_PROFILE = _("Choose a billing profile.")


class CheckoutQuery(forms.Form):
    """Checkout's address. What can't be read counts as not given."""

    order = forms.UUIDField(required=False)
    quantity = forms.IntegerField(required=False, min_value=1, max_value=MOST_LICENSES)
    card_session = forms.CharField(required=False, max_length=200)
    # "no" when the buyer cleared the box before the card was entered elsewhere.
    assign = forms.CharField(required=False, max_length=3)
    profile = forms.UUIDField(required=False)
    # Its trial, rather than the product itself.
    trial = forms.BooleanField(required=False)

    def value(self, name: str, default: Any) -> Any:
        self.is_valid()
        found = self.cleaned_data.get(name)
        return default if found in (None, "") else found


class SoldToForm(AddressForm):
    """Who buys, asked at the first purchase."""

    name = LineField(
        label=_("Organization name"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    email = forms.EmailField(
        label=_("Email for invoices"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    tax_id = forms.CharField(
        label=_("Tax ID"),
        max_length=30,
        required=False,
        help_text=_("Your VAT number in the European Union, such as NL004495445B01."),
    )
    po_number = LineField(
        label=_("PO number"),
        max_length=30,
        required=False,
        help_text=_("Printed on your invoices."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].help_text = _(
            "Tax and currency follow from it. It can't be changed later."
        )

    def clean_tax_id(self) -> str:
        return checked_vat_number(self.cleaned_data["tax_id"], self.shown_country)

    def sold_to(self) -> SoldTo:
        """What was typed, once the form is valid."""
        data = self.cleaned_data
        return SoldTo(
            name=data["name"],
            email=data["email"],
            tax_id=data["tax_id"],
            po_number=data["po_number"],
            **dataclasses.asdict(self.address()),
        )

    @classmethod
    def proposed(cls, buyer: User) -> dict[str, str]:
        """What is known already."""
        organization = buyer.organization
        return {
            "name": organization.name,
            "country": organization.country,
            "email": buyer.email,
        }


class OrderForm(forms.Form):
    """Checkout itself. `payment` is a stored card's id, or `new`."""

    order = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages={"required": NO_ORDER, "invalid": NO_ORDER},
    )
    plan = forms.UUIDField(
        label=_("Plan"),
        error_messages={"required": NO_PLAN, "invalid": NO_PLAN},
    )
    quantity = CountField(
        label=_("Licenses"),
        min_value=1,
        max_value=MOST_LICENSES,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages=HOW_MANY,
    )
    trial = forms.BooleanField(required=False, widget=forms.HiddenInput)
    profile = forms.UUIDField(
        label=_("Billing profile"),
        required=False,
        error_messages={"invalid": NO_PROFILE},
    )
    assign_to_me = forms.BooleanField(
        label=_("Assign a license to me"), required=False, initial=True
    )
    payment = forms.CharField(label=_("Payment method"), required=False, max_length=64)
    setup_intent = forms.CharField(
        required=False, max_length=200, widget=forms.HiddenInput
    )
    quote = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    terms = forms.BooleanField(
        required=False,
        error_messages={"required": _("Accept the terms to place the order.")},
    )
    action = forms.ChoiceField(
        choices=[("update", "update"), ("place", "place")], required=False
    )

    def clean_payment(self) -> uuid.UUID | None:
        """The stored card; null for a new one, and for none."""
        return stored_card(self.cleaned_data["payment"])

    @property
    def without_card(self) -> bool:
        """Whether a trial is to go without a card."""
        return self.data.get("payment") == "none"

    @property
    def places(self) -> bool:
        """Whether the button was Place order; else the amount is shown anew."""
        return self.data.get("action") == "place"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.places and not data.get("terms"):
            self.add_error("terms", _("Accept the terms to place the order."))
        return data


class TrialQuantityForm(forms.Form):
    """How many licenses are paid for once the trial is over."""

    quantity = CountField(
        label=_("Licenses to pay for afterwards"),
        min_value=1,
        max_value=MOST_LICENSES,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages=HOW_MANY,
    )


class ConvertForm(CardForm):
    """Paying for a trial today, for what was shown."""

    seal = forms.CharField(required=False, max_length=4000)


class ReactivateForm(ConvertForm):
    """A new term. `action` is `drop` to give up the payment that waits."""

    # Giving it up chooses no card.
    payment = forms.CharField(required=False, max_length=64)
    action = forms.CharField(required=False, max_length=10)


class MarketplaceFilter(forms.Form):
    """The catalogue's filters; what can't be read filters nothing."""

    q = forms.CharField(required=False, max_length=100)
    category = forms.CharField(required=False, max_length=20)


class ProductsFilter(forms.Form):
    """The filters of Your products; what can't be read filters nothing."""

    COLUMNS = ("name", "assigned", "recurring", "next", "price")

    q = forms.CharField(required=False, max_length=100)
    channel = forms.ChoiceField(
        required=False,
        choices=[("self-service", _("Self-service")), ("trial", _("Trial"))],
    )
    status = forms.ChoiceField(required=False, choices=list(LABELS.items()))
    product = forms.SlugField(required=False, max_length=80)
    expiring = forms.ChoiceField(
        required=False,
        choices=[
            ("30", _("Within 30 days")),
            ("60", _("Within 60 days")),
            ("90", _("Within 90 days")),
            ("card", _("Card expires first")),
        ],
    )
    group = forms.ChoiceField(required=False, choices=[("product", "")])
    sort = forms.ChoiceField(
        required=False,
        choices=[(sign + column, "") for column in COLUMNS for sign in ("", "-")],
    )
    page = forms.IntegerField(required=False, min_value=1, max_value=10_000)

    def value(self, name: str, default: Any = "") -> Any:
        self.is_valid()
        found = self.cleaned_data.get(name)
        return default if found in (None, "") else found


class CancelForm(forms.Form):
    """Why somebody cancels, and the seal of what was shown to them."""

    reason = forms.ChoiceField(
        label=_("Why are you canceling?"),
        choices=[("", _("Choose a reason")), *CancelReason.choices],
        error_messages={"required": _("Choose a reason. It helps the seller.")},
    )
    feedback = forms.CharField(
        label=_("Additional feedback"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    seal = forms.CharField(
        required=False, max_length=4000, widget=forms.HiddenInput, label=""
    )


class RecurringForm(forms.Form):
    """Recurring billing on or off."""

    recurring = forms.ChoiceField(
        label=_("Recurring billing"),
        choices=[("on", _("On")), ("off", _("Off"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose on or off.")},
    )


class FrequencyForm(forms.Form):
    """The plan to pay by from the renewal on."""

    plan = forms.UUIDField(
        error_messages={
            "required": _("Choose a billing frequency."),
            "invalid": _("Choose a billing frequency."),
        }
    )
