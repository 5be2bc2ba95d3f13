"""Reactivate this subscription: what it costs today, and who is licensed again.

The pane stands here because suspended licenses come back with the new term.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.views.card_choice import chosen_card
from licensing.models import LicenseAssignment
from licensing.services.suspending import returning
from licensing.wording import reactivated_sentence
from selfservice.accounts.reauthentication import recent_sign_in
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest, close_pane, render_page
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.forms import ReactivateForm
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.next_contract import waiting_contract
from selfservice.subscriptions.services.reactivating import (
    REACTIVABLE,
    give_up_waiting,
    preview_reactivation,
    reactivate,
)
from selfservice.subscriptions.views.access import own_subscription
from selfservice.subscriptions.views.cards import card_choice, to_card_page

MOST_NAMED = 20


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
def reactivate_pane(
    request: HtmxHttpRequest, subscription_id: uuid.UUID
) -> HttpResponse:
    subscription = own_subscription(request, subscription_id)
    if request.method != "POST":
        return _show(request, subscription)
    form = ReactivateForm(request.POST)
    if not form.is_valid():
        return _show(request, subscription, form.refusal, status=422)
    try:
        if form.cleaned_data["action"] == "drop":
            return _drop(request, subscription)
        return _reactivate(request, subscription, form)
    except DomainError as error:
        subscription = own_subscription(request, subscription_id)
        return _show(request, subscription, str(error), status=422)


def _reactivate(
    request: HtmxHttpRequest, subscription: Subscription, form: ReactivateForm
) -> HttpResponse:
    card = chosen_card(form, subscription.profile)
    if card is None:
        return to_card_page(request, subscription, "licensing:reactivate")
    _back, others = returning(subscription)
    preview, outcome = reactivate(
        subscription=subscription, seal=form.cleaned_data["seal"], card=card
    )
    names = [row.user.display_name for row in others[:MOST_NAMED]]
    messages.success(request, reactivated_sentence(preview, card, outcome, names))
    return _close(request, subscription)


def _drop(request: HtmxHttpRequest, subscription: Subscription) -> HttpResponse:
    give_up_waiting(subscription=subscription)
    subscription.refresh_from_db()
    over = lifecycle.state_at(subscription, clock.now()) in REACTIVABLE
    messages.success(
        request,
        _("The payment is given up. Nothing was charged.")
        if over
        else _("It was paid at the same moment: the subscription is active."),
    )
    return _close(request, subscription)


def _close(request: HtmxHttpRequest, subscription: Subscription) -> HttpResponse:
    return close_pane(
        request, "subscriptions:details", subscription.pk, changed="licenses:changed"
    )


def _show(
    request: HtmxHttpRequest,
    subscription: Subscription,
    refusal: str = "",
    *,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"subscription": subscription}
    try:
        preview = preview_reactivation(subscription=subscription)
    except DomainError as error:
        context["waiting"] = waiting_contract(subscription)
        refusal = refusal or ("" if context["waiting"] else str(error))
    else:
        back, others = returning(subscription)
        context |= {
            "preview": preview,
            "choice": card_choice(request, subscription),
            "back": _names(back),
            "back_count": len(back),
            "others": _names(others),
            "more_others": len(others) - MOST_NAMED,
        }
    return render_page(
        request,
        "licensing/reactivate.html",
        context | {"refusal": refusal},
        partial="reactivate-pane",
        status=status,
    )


def _names(rows: list[LicenseAssignment]) -> str:
    return ", ".join(row.user.display_name for row in rows[:MOST_NAMED])
