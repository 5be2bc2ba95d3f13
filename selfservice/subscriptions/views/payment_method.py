"""The pane Replace payment method, of one subscription."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.forms import CardForm
from billing.views.card_choice import chosen_card
from selfservice.accounts.reauthentication import recent_sign_in
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest, close_pane, render_page
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.card_wording import (
    next_charge_sentence,
    pays_already_sentence,
    replaced_sentence,
)
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.counting import scheduled_change
from selfservice.subscriptions.services.paying_card import (
    check_replaceable,
    pays_already,
    replace_card,
)
from selfservice.subscriptions.views.access import own_subscription
from selfservice.subscriptions.views.cards import card_choice, to_card_page


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
def payment_method_pane(
    request: HtmxHttpRequest, subscription_id: uuid.UUID
) -> HttpResponse:
    subscription = own_subscription(request, subscription_id)
    if request.method != "POST":
        return _show(request, subscription)
    form = CardForm(request.POST)
    if not form.is_valid():
        return _show(request, subscription, form.refusal, status=422)
    try:
        return _replace(request, subscription, form)
    except DomainError as error:
        subscription = own_subscription(request, subscription_id)
        return _show(request, subscription, str(error), status=422)


def _replace(
    request: HtmxHttpRequest, subscription: Subscription, form: CardForm
) -> HttpResponse:
    check_replaceable(subscription)
    card = chosen_card(form, subscription.profile)
    if card is None:
        return to_card_page(request, subscription, "subscriptions:payment_method")
    if pays_already(subscription, card):
        messages.info(request, pays_already_sentence(card))
    else:
        outcome = replace_card(subscription=subscription, card=card)
        messages.success(request, replaced_sentence(subscription, card, outcome))
    return close_pane(
        request, "subscriptions:details", subscription.pk, changed="licenses:changed"
    )


def _show(
    request: HtmxHttpRequest,
    subscription: Subscription,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    context: dict[str, Any] = {
        "subscription": subscription,
        "state": lifecycle.state_at(subscription, now),
        "refusal": refusal,
    }
    try:
        check_replaceable(subscription)
    except DomainError as error:
        context["refusal"] = str(error)
    else:
        context["choice"] = card_choice(request, subscription)
        context["next_charge"] = next_charge_sentence(
            subscription, scheduled_change(subscription), now
        )
    return render_page(
        request,
        "subscriptions/payment_method.html",
        context,
        partial="payment-method-pane",
        status=status,
    )
