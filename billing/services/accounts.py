"""Opening a billing account and its first profile; the customers of profiles."""

from __future__ import annotations

import dataclasses

from babel.numbers import get_territory_currencies
from django.db import transaction

from billing import gateway
from billing.models import (
    BillingAccount,
    BillingProfile,
    ProfileDraft,
    StripeOperation,
)
from billing.services import operations, refs, vat_numbers
from billing.services.customers import party_of
from selfservice.accounts.models import User
from selfservice.activity.models import InvoiceMail
from selfservice.activity.services.record import Change, record

ADDRESS = ("line1", "line2", "postal_code", "city", "region", "country")


@dataclasses.dataclass(frozen=True, slots=True)
class SoldTo:
    """Who buys, as typed at the first purchase. `country` is ISO 3166."""

    name: str
    email: str
    line1: str
    line2: str
    postal_code: str
    city: str
    country: str
    tax_id: str
    po_number: str
    region: str = ""


def currency_of(country: str) -> str:
    """The currency that a buyer in `country` pays in; EUR where none is known."""
    known = get_territory_currencies(country.upper())
    return known[0] if known else "EUR"


def open_account(*, purchaser: User, sold_to: SoldTo) -> BillingProfile:
    """Make the purchaser's account, first profile and Stripe customer.

    A second call (a double click, a lost answer) finishes the first one and changes
    nothing that was stored. Raises GatewayUnavailable, when the rows stay and a new
    call goes on; GatewayRejected, when they are gone again.
    """
    with transaction.atomic(durable=True):
        User.objects.select_for_update(no_key=True).get(
            organization_id=purchaser.organization_id, pk=purchaser.pk
        )
        profile = first_profile(purchaser) or _store(purchaser, sold_to)
        operation = begin_customer(profile)
    operations.run(operation, CREATE_CUSTOMER)
    profile.refresh_from_db()
    return profile


def first_profile(purchaser: User) -> BillingProfile | None:
    """The oldest profile of the purchaser."""
    return (
        BillingProfile.objects.filter(
            organization_id=purchaser.organization_id, purchaser=purchaser
        )
        .order_by("id")
        .first()
    )


def _store(purchaser: User, sold_to: SoldTo) -> BillingProfile:
    address = {part: getattr(sold_to, part) for part in ADDRESS}
    account = BillingAccount.objects.create(
        organization_id=purchaser.organization_id,
        purchaser=purchaser,
        name=sold_to.name,
        email=sold_to.email,
        tax_id=sold_to.tax_id,
        tax_id_state=vat_numbers.state_at_first(sold_to.tax_id),
        **address,
    )
    vat_numbers.ask(account)
    profile = BillingProfile.objects.create(
        organization_id=purchaser.organization_id,
        account=account,
        purchaser=purchaser,
        name=sold_to.name,
        bill_to_name=sold_to.name,
        email=sold_to.email,
        currency=currency_of(sold_to.country),
        po_number=sold_to.po_number,
        **address,
    )
    record(
        Change(
            organization_id=purchaser.organization_id,
            actor_id=purchaser.pk,
            subject_kind="billing_account",
            subject_id=account.pk,
            verb="opened",
            after={"profile": str(profile.pk), "currency": profile.currency},
        )
    )
    return profile


def begin_customer(profile: BillingProfile) -> StripeOperation:
    """Make its Stripe customer, in the transaction that stores the profile."""
    return operations.begin(
        kind="customer.create",
        key=f"customer-{profile.pk}",
        organization_id=profile.organization_id,
        subject_id=profile.pk,
        # As it is now: what is sent once more with a key must be the same.
        arguments={"language": profile.purchaser.language},
    )


def _profile(operation: StripeOperation) -> BillingProfile:
    return BillingProfile.objects.select_related("account").get(
        organization_id=operation.organization_id, pk=operation.subject_id
    )


def _call(operation: StripeOperation) -> str:
    profile = _profile(operation)
    return gateway.create_customer(
        party=party_of(profile),
        vat_number=profile.account.tax_id_at_stripe,
        po_number=profile.po_number,
        language=operation.arguments.get("language", ""),
        own_ids={
            "organization": str(profile.organization_id),
            "billing_profile": str(profile.pk),
        },
        key=operation.key,
    )


def _apply(operation: StripeOperation, customer_id: str) -> str:
    BillingProfile.objects.filter(
        organization_id=operation.organization_id, pk=operation.subject_id
    ).update(stripe_customer_id=customer_id)
    refs.keep(
        stripe_id=customer_id,
        kind="customer",
        organization_id=operation.organization_id,
        row_id=operation.subject_id,
    )
    # What was typed for it has become the profile.
    ProfileDraft.objects.filter(
        organization_id=operation.organization_id, pk=operation.subject_id
    ).delete()
    return customer_id


def _refuse(operation: StripeOperation, error: Exception) -> None:
    """Take back what nothing refers to yet, so that it can be typed again."""
    profile = _profile(operation)
    InvoiceMail.objects.filter(
        organization_id=operation.organization_id, profile_id=profile.pk
    ).delete()
    profile.delete()
    others = BillingProfile.objects.filter(
        organization_id=operation.organization_id, account=profile.account
    )
    if not others.exists():
        profile.account.delete()


def _prove(operation: StripeOperation) -> str | None:
    profile = _profile(operation)
    return gateway.find_customer(
        email=profile.email, own_key="billing_profile", own_value=str(profile.pk)
    )


CREATE_CUSTOMER = operations.Kind(
    call=_call, apply=_apply, refuse=_refuse, prove=_prove
)
operations.kinds.register("customer.create", CREATE_CUSTOMER)
