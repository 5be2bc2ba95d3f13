"""What Checkout's page consists of, and how it is shown."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import reverse

from billing import gateway
from billing.address_forms import AddressForm
from billing.gateway.shapes import Card
from billing.models import BillingProfile, PaymentMethod
from billing.queries import cards_of
from billing.services import cards as card_service
from billing.views.card_form import card_entry
from selfservice.accounts.models import User
from selfservice.catalog.models import Plan
from selfservice.catalog.queries import Offer, offers
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.subscriptions.forms import OrderForm
from selfservice.subscriptions.services.buying import (
    Order,
    PriceChanged,
    check_offer,
)
from selfservice.subscriptions.services.offering import check_trial
from selfservice.subscriptions.services.quoting import Summary, summarise, unseal


@dataclasses.dataclass(slots=True)
class CheckoutPage:
    """One state of the page. `entered` is a card that waits to be stored."""

    buyer: User
    plan: Plan
    profile: BillingProfile
    profiles: list[BillingProfile]
    quantity: int
    form: OrderForm
    error: str = ""
    entered: tuple[str, Card] | None = None
    chosen: PaymentMethod | None = None
    trial: bool = False

    @property
    def card_optional(self) -> bool:
        """Whether a trial may go without a card."""
        return self.trial and not self.plan.product.trial_needs_card

    def offers(self) -> list[Offer]:
        """The product's plans in the profile's currency, shortest first."""
        found = offers(
            currency=self.profile.currency, product_ids=[self.plan.product_id]
        )
        return found.get(self.plan.product_id, [])

    def offer(self) -> Offer:
        """The chosen plan; the first one where it isn't offered. Raises Http404."""
        known = self.offers()
        if not known:
            raise Http404
        return next((o for o in known if o.plan.pk == self.plan.pk), known[0])

    def choose_card(
        self, stored_id: uuid.UUID | None, setup_id: str
    ) -> PaymentMethod | None:
        """The card to pay with; null when one must still be entered.

        A card that was entered just now is stored at once, so that it needn't be
        entered again whatever comes next. Raises DomainError.
        """
        if stored_id is not None:
            self.chosen = next(
                (c for c in cards_of(self.profile) if c.pk == stored_id), None
            )
            if self.chosen is None:
                raise card_service.CardNotUsable(gateway.decline_sentence(""))
        elif setup_id:
            card = card_service.entered_card(profile=self.profile, setup_id=setup_id)
            self.chosen = card_service.keep_card(profile=self.profile, card=card)
        return self.chosen


def order_from(page: CheckoutPage) -> Order:
    """What the buyer saw and accepted. Raises PriceChanged, GatewayUnavailable."""
    offer = page.offer()
    data = page.form.cleaned_data
    total = unseal(
        data["quote"],
        offer=offer,
        quantity=page.quantity,
        profile=page.profile,
        trial=page.trial,
    )
    if total is None:
        raise PriceChanged(summary_of(page, offer).total)
    return Order(
        key=data["order"],
        offer=offer,
        quantity=page.quantity,
        profile=page.profile,
        total=total,
        assign_to_me=data["assign_to_me"],
        trial=page.trial,
    )


def summary_of(page: CheckoutPage, offer: Offer) -> Summary:
    """What the page's order costs. Raises GatewayUnavailable, GatewayRejected."""
    return summarise(
        offer=offer, quantity=page.quantity, profile=page.profile, trial=page.trial
    )


def show_checkout(
    request: HtmxHttpRequest, page: CheckoutPage, *, status: int = 200
) -> HttpResponse:
    """Checkout with everything still filled in; under htmx only the summary."""
    offer = page.offer()
    refusal, summary = _summary(page, offer)
    now = clock.now()
    cards = cards_of(page.profile)
    payment = _selected(page, cards)
    context: dict[str, Any] = {
        "page": page,
        "form": page.form,
        "product": page.plan.product,
        "offer": offer,
        "offers": page.offers(),
        "profile": page.profile,
        "add_profile_url": _add_profile_url(page),
        "summary": summary,
        "refusal": refusal,
        "error": page.error,
        "cards": [(card, card.expired_by(now.year, now.month)) for card in cards],
        "payment": payment,
        "entry": card_entry(page.profile, open=payment == "new"),
        "terms_of": dt.date.fromisoformat(settings.TERMS_VERSION),
    }
    return render_page(
        request,
        "subscriptions/checkout.html",
        context,
        partial="order-summary",
        status=status,
    )


def checkout_address(
    plan_id: uuid.UUID, key: uuid.UUID, quantity: int, *, trial: bool
) -> str:
    """The page of one order, whatever becomes of it."""
    path = reverse("subscriptions:checkout", args=[plan_id])
    query = {"order": key, "quantity": quantity} | ({"trial": 1} if trial else {})
    return f"{path}?{urlencode(query)}"


def _add_profile_url(page: CheckoutPage) -> str:
    """The wizard, which comes back here with the profile that was made."""
    key = page.form["order"].value()
    here = checkout_address(page.plan.pk, key, page.quantity, trial=page.trial)
    return f"{reverse('billing:profile_add')}?{urlencode({'back': here})}"


def _summary(page: CheckoutPage, offer: Offer) -> tuple[str, Summary | None]:
    """Why it can't be bought, or what it costs."""
    if page.form.is_bound and "quantity" in page.form.errors:
        # Another number's amount would be no answer to what was typed.
        return str(page.form.errors["quantity"][0]), None
    try:
        check_offer(buyer=page.buyer, offer=offer, quantity=page.quantity)
        if page.trial:
            check_trial(buyer=page.buyer, product=page.plan.product)
        return "", summary_of(page, offer)
    except DomainError as error:
        return str(error), None


def _selected(page: CheckoutPage, cards: list[PaymentMethod]) -> str:
    """Which payment is ticked: what was chosen, else the profile's card, else new."""
    if page.chosen is not None:
        return str(page.chosen.pk)
    if page.entered is not None:
        return "new"
    asked = str(page.form.data.get("payment") or "new") if page.form.is_bound else ""
    # A card of another profile goes with that one.
    if asked in {"new", "none", *(str(card.pk) for card in cards)}:
        return asked
    if page.card_optional:
        return "none"
    preferred = page.profile.payment_method_id
    if preferred and any(card.pk == preferred for card in cards):
        return str(preferred)
    return str(cards[0].pk) if cards else "new"


def show_sold_to(
    request: HtmxHttpRequest,
    plan: Plan,
    quantity: int,
    form: AddressForm,
    *,
    key: uuid.UUID | str,
    trial: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The first step of a first purchase."""
    context = {
        "plan": plan,
        "product": plan.product,
        "quantity": quantity,
        "form": form,
        "order_key": key,
        "trial": trial,
    }
    return render_page(
        request,
        "subscriptions/sold_to.html",
        context,
        partial="sold-to",
        status=status,
    )
