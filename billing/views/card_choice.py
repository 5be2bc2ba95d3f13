"""Choosing the card that pays, or entering one on Stripe's own page.

Shared by the panes that ask for one: `billing/card_choice.html` shows what
`card_choice` found, and `CardForm` reads what was chosen.
"""

from __future__ import annotations

import dataclasses

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from billing import gateway
from billing.forms import CardForm, ReturnQuery
from billing.gateway.shapes import Card
from billing.models import BillingProfile, PaymentMethod
from billing.queries import cards_of
from billing.services import cards as card_service
from billing.views.card_form import CardEntry, card_entry
from billing.views.returning import back_of, with_back
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.htmx import redirect_page


@dataclasses.dataclass(frozen=True, slots=True)
class Offered:
    """A stored card that can be chosen, unless it has expired."""

    card: PaymentMethod
    expired: bool
    ticked: bool


@dataclasses.dataclass(frozen=True, slots=True)
class CardChoice:
    """The profile's cards, and the one that was entered just now with its setup.

    `entry` is for entering a new one.
    """

    cards: list[Offered]
    entered: tuple[str, Card] | None
    entry: CardEntry


def card_choice(
    request: HttpRequest, profile: BillingProfile, pays: PaymentMethod | None
) -> CardChoice:
    """What can be chosen; ticked is what was chosen, else the card that `pays` now."""
    query = ReturnQuery(request.GET)
    entered = returned_card(profile, query.card_session)
    # Stored already when its webhook was faster than the person.
    own = entered[1].id if entered else ""
    cards = [card for card in cards_of(profile) if card.stripe_payment_method_id != own]
    wanted = None if entered else _wanted(request, pays, cards)
    now = clock.now()
    offered = [
        Offered(card, card.expired_by(now.year, now.month), card == wanted)
        for card in cards
    ]
    entry = card_entry(profile, open=not cards)
    return CardChoice(offered, entered, entry)


def _wanted(
    request: HttpRequest, pays: PaymentMethod | None, cards: list[PaymentMethod]
) -> PaymentMethod | None:
    posted = request.POST.get("payment", "")
    for card in cards:
        if str(card.pk) == posted:
            return card
    if pays is None:
        return None
    # Entered twice, a card is offered once: the newest of the two.
    same = (c for c in cards if c == pays or c.fingerprint == pays.fingerprint != "")
    return next(same, None)


def chosen_card(form: CardForm, profile: BillingProfile) -> PaymentMethod | None:
    """A stored card, or the one that was entered just now; null for a new one.

    Raises CardNotUsable, GatewayUnavailable, GatewayRejected.
    """
    stored_id = form.cleaned_data["payment"]
    if stored_id is not None:
        found = next((c for c in cards_of(profile) if c.pk == stored_id), None)
        if found is None:
            raise card_service.CardNotUsable(
                _("That card can't pay for this billing profile. Choose one.")
            )
        return found
    setup_id = form.cleaned_data["setup_intent"]
    if not setup_id:
        return None
    card = card_service.entered_card(profile=profile, setup_id=setup_id)
    return card_service.keep_card(profile=profile, card=card)


def to_card_page(
    request: HttpRequest, profile: BillingProfile, path: str
) -> HttpResponse:
    """On to Stripe's own page; it comes back to `path` with the card.

    Raises GatewayUnavailable, GatewayRejected.
    """
    path = with_back(path, back_of(request))
    more = "&" if "?" in path else "?"
    hosted = card_service.begin_hosted_card_page(
        profile=profile,
        back_url=f"{settings.PORTAL_BASE_URL}{path}{more}"
        "card_session={CHECKOUT_SESSION_ID}",
    )
    return redirect_page(request, hosted.url)


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
