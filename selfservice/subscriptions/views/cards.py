"""Cards that were entered on Stripe's own page, before they are stored."""

from __future__ import annotations

from billing import gateway
from billing.gateway.shapes import Card
from billing.models import BillingProfile
from selfservice.core.errors import DomainError


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
