"""Entering cards, and keeping what Stripe says of them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from billing import gateway
from billing.gateway.cards import NO_CARD
from billing.gateway.listing import is_gone
from billing.gateway.shapes import Card, CardSetup, HostedCardPage
from billing.models import BillingProfile, PaymentMethod, StripeOperation
from billing.services import operations, refs
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.ids import uuid7


class CardNotUsable(DomainError):
    """The card that was entered can't be used; the sentence says why."""


def begin_card_setup(*, profile: BillingProfile) -> CardSetup:
    """Start entering a card for `profile` in the Payment Element.

    Raises GatewayUnavailable, GatewayRejected.
    """
    operation = _begin("setup_intent.create", profile, {})
    return _answered(operations.run(operation, START_CARD_SETUP))


def begin_hosted_card_page(*, profile: BillingProfile, back_url: str) -> HostedCardPage:
    """Start entering a card on Stripe's own page; it comes back to `back_url`.

    Raises GatewayUnavailable, GatewayRejected.
    """
    operation = _begin("card_page.create", profile, {"back_url": back_url})
    return _answered(operations.run(operation, START_CARD_PAGE))


def entered_card(*, profile: BillingProfile, setup_id: str) -> Card:
    """The card of a finished setup that belongs to `profile`.

    Raises CardNotUsable, GatewayUnavailable, GatewayRejected.
    """
    setup = gateway.read_card_setup(setup_id)
    if setup.customer_id != profile.stripe_customer_id:
        raise CardNotUsable(
            _("That card belongs to another billing profile. Enter it again here.")
        )
    if setup.status != "succeeded" or setup.card is None:
        sentence = (
            gateway.decline_sentence(setup.decline)
            if setup.decline
            else _("The card isn't confirmed yet. Enter it again, or use another card.")
        )
        raise CardNotUsable(sentence)
    return setup.card


def keep_card(
    *, profile: BillingProfile, card: Card, chosen: bool = True
) -> PaymentMethod:
    """Store the card under `profile`, in the caller's transaction or its own.

    With `chosen` somebody wants to pay with it, and the first such card becomes what
    the profile pays with. A second time updates what Stripe changed, such as a new
    expiration date.
    """
    known: dict[str, Any] = {
        "brand": card.brand,
        "last4": card.last4,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": card.fingerprint,
        "holder_name": card.holder_name,
        "address": dict(card.address),
    }
    with transaction.atomic():
        method, made = PaymentMethod.objects.update_or_create(
            organization_id=profile.organization_id,
            stripe_payment_method_id=card.id,
            defaults=known,
            create_defaults={"profile": profile, **known},
        )
        if made:
            refs.keep(
                stripe_id=card.id,
                kind="payment_method",
                organization_id=profile.organization_id,
                row_id=method.pk,
            )
        if chosen:
            BillingProfile.objects.filter(
                organization_id=profile.organization_id,
                pk=profile.pk,
                payment_method=None,
            ).update(payment_method=method)
    return method


def sync_card(card_id: str) -> None:
    """Read a card from Stripe and store it, or that it was detached.

    A card of a customer that isn't ours, and what is no card, changes nothing.
    Raises GatewayUnavailable, GatewayRejected.
    """
    try:
        card = gateway.read_card(card_id)
    except gateway.GatewayRejected as error:
        if error.code == NO_CARD:
            return
        if not is_gone(error):
            raise
        _note_detached(card_id)
        return
    profile = refs.profile_of(card.customer_id)
    if profile is None:
        _note_detached(card_id)
        return
    # Entered, and perhaps left behind: until somebody chooses it, it pays for nothing.
    keep_card(profile=profile, card=card, chosen=False)


def _note_detached(card_id: str) -> None:
    """It pays for nothing any more, and never will again."""
    ref = refs.find(card_id)
    if ref is not None:
        PaymentMethod.objects.filter(
            organization_id=ref.organization_id, pk=ref.row_id, detached_at=None
        ).update(detached_at=clock.now())


def _begin(
    kind: str, profile: BillingProfile, arguments: dict[str, str]
) -> StripeOperation:
    with transaction.atomic(durable=True):
        return operations.begin(
            kind=kind,
            key=f"{kind.split('.')[0]}-{uuid7()}",
            organization_id=profile.organization_id,
            subject_id=profile.pk,
            arguments=arguments,
        )


def _answered[Answer](answer: Answer | None) -> Answer:
    """Nobody else can have settled an operation that was begun just now."""
    if answer is None:
        raise gateway.GatewayUnavailable
    return answer


def _profile(operation: StripeOperation) -> BillingProfile:
    return BillingProfile.objects.get(
        organization_id=operation.organization_id, pk=operation.subject_id
    )


def _call_setup(operation: StripeOperation) -> CardSetup:
    return gateway.start_card_setup(
        customer_id=_profile(operation).stripe_customer_id, key=operation.key
    )


def _call_page(operation: StripeOperation) -> HostedCardPage:
    profile = _profile(operation)
    return gateway.start_hosted_card_page(
        customer_id=profile.stripe_customer_id,
        currency=profile.currency,
        back_url=operation.arguments["back_url"],
        key=operation.key,
    )


def _keep_id(operation: StripeOperation, answer: CardSetup | HostedCardPage) -> str:
    """Nothing to change here: the card comes when it has been entered."""
    return answer.id


START_CARD_SETUP = operations.Kind(
    call=_call_setup,
    apply=_keep_id,
    refuse=operations.nothing_to_refuse,
    # Begun for a page that somebody is looking at; later it is of no use.
    prove=operations.nothing_to_prove,
    lapses=True,
)
START_CARD_PAGE = operations.Kind(
    call=_call_page,
    apply=_keep_id,
    refuse=operations.nothing_to_refuse,
    # Begun for a page that somebody is looking at; later it is of no use.
    prove=operations.nothing_to_prove,
    lapses=True,
)
operations.kinds.register("setup_intent.create", START_CARD_SETUP)
operations.kinds.register("card_page.create", START_CARD_PAGE)
