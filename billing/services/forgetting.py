"""Erasing who somebody is at Stripe, too: cards, name and address; invoices stay."""

from __future__ import annotations

import uuid
from contextlib import suppress

from billing import gateway
from billing.models import BillingProfile, PaymentMethod, StripeOperation
from billing.models.stripe import UNSETTLED, OperationState
from billing.services import card_operations, operations
from selfservice.core import clock

KIND = "customer.forget"


def begin_forgetting(profile: BillingProfile, *, code: str, nowhere: str) -> None:
    """Write the operation, in the caller's transaction."""
    operations.begin(
        kind=KIND,
        key=f"forget-{profile.pk}",
        organization_id=profile.organization_id,
        subject_id=profile.pk,
        arguments={"code": code, "nowhere": nowhere, "country": profile.country},
    )


def give_up_card_edits(organization_id: uuid.UUID, profiles: list[uuid.UUID]) -> None:
    """Forget edits of cards that wait, with the names in them, and never do them."""
    StripeOperation.objects.filter(
        organization_id=organization_id,
        subject_id__in=profiles,
        kind=card_operations.UPDATE,
        state__in=UNSETTLED,
    ).update(state=OperationState.REFUSED, arguments={})


def finish_forgetting(organization_id: uuid.UUID, profiles: list[uuid.UUID]) -> None:
    """Do it now, outside any transaction; without an answer the worker goes on."""
    for operation in StripeOperation.objects.filter(
        organization_id=organization_id, kind=KIND, subject_id__in=profiles
    ).order_by("pk"):
        with suppress(gateway.GatewayUnavailable, gateway.GatewayRejected):
            operations.run(operation, FORGET_CUSTOMER)


def forget_cards(organization_id: uuid.UUID, profiles: list[uuid.UUID]) -> int:
    """Empty what says whose cards these were; that there were some stays."""
    cards = PaymentMethod.objects.filter(
        organization_id=organization_id, profile__in=profiles
    )
    return cards.update(holder_name="", last4="", fingerprint="", address={})


def _profile(operation: StripeOperation) -> BillingProfile:
    return BillingProfile.objects.get(
        organization_id=operation.organization_id, pk=operation.subject_id
    )


def _call(operation: StripeOperation) -> str:
    customer_id = _profile(operation).stripe_customer_id
    asked = operation.arguments
    gateway.forget_customer(
        customer_id=customer_id,
        name=asked["code"],
        email=asked["nowhere"],
        country=asked["country"],
        key=operation.key,
    )
    return customer_id


def _apply(operation: StripeOperation, customer_id: str) -> str:
    """An event of before may have told us again what was emptied."""
    forget_cards(operation.organization_id, [operation.subject_id])
    PaymentMethod.objects.filter(
        organization_id=operation.organization_id,
        profile_id=operation.subject_id,
        detached_at=None,
    ).update(detached_at=clock.now())
    return customer_id


FORGET_CUSTOMER = operations.Kind(
    call=_call,
    apply=_apply,
    refuse=operations.nothing_to_refuse,
    prove=operations.nothing_to_prove,
)
operations.kinds.register(KIND, FORGET_CUSTOMER)
