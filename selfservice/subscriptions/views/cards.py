"""Cards that were entered on Stripe's own page, before they are stored."""

from __future__ import annotations

import uuid

from django.conf import settings

from billing import gateway
from billing.gateway.shapes import Card
from billing.models import BillingProfile, PaymentMethod
from billing.services import cards as card_service
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.subscriptions.queries import cards_of


def returned_card(profile: BillingProfile, session_id: str) -> tuple[str, Card] | None:
    """The card entered on Stripe's own page, with its setup; null when there is none.

    Only read here, because a GET must not write: it is stored with the form.
    """
    if not session_id:
        return None
    try:
        setup = gateway.read_hosted_card_page(session_id)
    except DomainError:
        return None
    mine = setup.customer_id == profile.stripe_customer_id
    if not mine or setup.status != "succeeded" or setup.card is None:
        return None
    return setup.id, setup.card


def chosen_card(
    profile: BillingProfile, stored_id: uuid.UUID | None, setup_id: str
) -> PaymentMethod | None:
    """A stored card, or the one that was entered just now; null for a new one.

    Raises CardNotUsable, GatewayUnavailable, GatewayRejected.
    """
    if stored_id is not None:
        found = next((c for c in cards_of(profile) if c.pk == stored_id), None)
        if found is None:
            raise card_service.CardNotUsable(gateway.decline_sentence(""))
        return found
    if not setup_id:
        return None
    card = card_service.entered_card(profile=profile, setup_id=setup_id)
    return card_service.keep_card(profile=profile, card=card)


def hosted_page(profile: BillingProfile, back_path: str) -> str:
    """The address of Stripe's own page for a new card, which comes back to a path.

    Raises GatewayUnavailable, GatewayRejected.
    """
    back = f"{settings.PORTAL_BASE_URL}{back_path}"
    return card_service.begin_hosted_card_page(
        profile=profile, back_url=f"{back}?card_session={{CHECKOUT_SESSION_ID}}"
    ).url


def card_choices(
    profile: BillingProfile, preferred: uuid.UUID | None
) -> list[tuple[PaymentMethod, bool, bool]]:
    """The profile's cards, whether each has expired, and which one is ticked."""
    now = clock.now()
    return [
        (card, card.expired_by(now.year, now.month), card.pk == preferred)
        for card in cards_of(profile)
    ]
