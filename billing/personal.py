"""What billing knows about a person, and how it is erased: invoices stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from billing.models import (
    BillingAccount,
    BillingProfile,
    Invoice,
    InvoiceArchive,
    PaymentMethod,
    ProfileDraft,
)
from billing.models.invoices import InvoiceStatus
from billing.services.customers import begin_tax_number, give_up_updates
from billing.services.forgetting import (
    begin_forgetting,
    finish_forgetting,
    forget_cards,
    give_up_card_edits,
)
from selfservice.activity.models import InvoiceMail
from selfservice.core import personal
from selfservice.core.csv_export import in_chunks

_ADDRESS: list[tuple[str, Any]] = [
    ("name", _("Name")),
    ("email", _("Email")),
    ("line1", _("Street and number")),
    ("line2", _("Address line 2")),
    ("postal_code", _("Postal code")),
    ("city", _("City")),
    ("region", _("Province, state or county")),
    ("country", _("Country or region")),
]
_ACCOUNT: list[tuple[str, Any]] = [
    *_ADDRESS,
    ("tax_id", _("Tax ID")),
    ("registration_number", _("Registration number")),
    ("created_at", _("Added on")),
]
_PROFILE: list[tuple[str, Any]] = [
    ("bill_to_name", _("Bill-to name")),
    *_ADDRESS,
    ("usage_address", _("Service usage address")),
    ("currency", _("Currency")),
    ("po_number", _("PO number")),
    ("created_at", _("Added on")),
]
_CARD: list[tuple[str, Any]] = [
    ("brand", _("Brand")),
    ("last4", _("Last four digits")),
    ("exp_month", _("Valid until, month")),
    ("exp_year", _("Valid until, year")),
    ("holder_name", _("Name on the card")),
    ("address", _("Address")),
    ("created_at", _("Added on")),
    ("detached_at", _("Removed on")),
]
_INVOICE: list[tuple[str, Any]] = [
    ("number", _("Invoice number")),
    ("day", _("Invoice date")),
    ("title", _("Product")),
    ("total", _("Total")),
    ("status", _("Status")),
    ("sold_to", _("Sold to")),
    ("bill_to", _("Bill to")),
]
_GONE: dict[str, Any] = dict.fromkeys(
    ("line1", "line2", "postal_code", "city", "region"), ""
)
_NO_NUMBERS = {"tax_id": "", "tax_id_state": "", "registration_number": ""}


def register_all() -> None:
    personal.personal_data.register(parts)
    personal.person_erased.register(erase)
    personal.erasure_committed.register(tell_stripe)


def parts(asked: personal.Asked) -> list[personal.Part]:
    bought = _bought(asked)
    cards = PaymentMethod.objects.filter(
        organization_id=asked.organization_id, profile__purchaser_id=asked.person_id
    )
    return [
        personal.Part(
            "billing_accounts",
            _("Billing accounts"),
            _("Who buys, as you typed it."),
            _ACCOUNT,
            _values(BillingAccount.objects.filter(**bought), _ACCOUNT),
        ),
        personal.Part(
            "billing_profiles",
            _("Billing profiles"),
            _("Who is billed, as you typed it."),
            _PROFILE,
            _values(BillingProfile.objects.filter(**bought), _PROFILE),
        ),
        personal.Part(
            "payment_methods",
            _("Payment methods"),
            _("What the payment provider tells us; never a card's number."),
            _CARD,
            _values(cards, _CARD),
        ),
        personal.Part(
            "invoices",
            _("Invoices"),
            _("The law wants them kept, with the names and addresses that they bear."),
            _INVOICE,
            _invoices(bought),
            stays=True,
            words={"status": dict(InvoiceStatus.choices)},
        ),
    ]


def _values(
    found: QuerySet[Any], columns: list[tuple[str, Any]]
) -> QuerySet[Any, tuple[Any, ...]]:
    return found.values_list(*(name for name, _label in columns))


def _invoices(bought: dict[str, Any]) -> Iterator[list[object]]:
    for row in in_chunks(Invoice.objects.filter(**bought)):
        yield [
            row.number,
            row.finalized_at,
            row.title,
            str(row.total),
            row.status,
            row.sold_to,
            row.bill_to,
        ]


def erase(erased: personal.Erased) -> int:
    """Country and currency stay: they say nobody's name, and invoices follow them."""
    bought = _bought(erased)
    profiles = BillingProfile.objects.filter(**bought)
    keys = list(profiles.values_list("pk", flat=True))
    give_up_updates(erased.organization_id, keys)
    give_up_card_edits(erased.organization_id, keys)
    for profile in profiles.exclude(stripe_customer_id=""):
        begin_forgetting(profile, code=erased.code, nowhere=erased.nowhere)
        begin_tax_number(profile, for_worker=True)
    party = {"name": erased.code, "email": erased.nowhere, **_GONE}
    count = BillingAccount.objects.filter(**bought).update(**_NO_NUMBERS, **party)
    count += profiles.update(
        bill_to_name=erased.code,
        usage_address={},
        po_number="",
        payment_method=None,
        **party,
    )
    count += ProfileDraft.objects.filter(**bought).delete()[0]
    count += forget_cards(erased.organization_id, keys)
    count += InvoiceArchive.objects.filter(**bought).delete()[0]
    chosen = InvoiceMail.objects.filter(
        organization_id=erased.organization_id, profile_id__in=keys
    )
    return count + chosen.delete()[0]


def tell_stripe(erased: personal.Erased) -> None:
    profiles = BillingProfile.objects.filter(**_bought(erased))
    keys = list(profiles.values_list("pk", flat=True))
    finish_forgetting(erased.organization_id, keys)


def _bought(whose: personal.Asked | personal.Erased) -> dict[str, Any]:
    return {
        "organization_id": whose.organization_id,
        "purchaser_id": whose.person_id,
    }
