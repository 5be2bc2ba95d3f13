"""Reactivate this subscription: what it costs today, and who is licensed again.

The pane stands here because suspended licenses come back with the new term.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.models import PaymentMethod
from licensing.models import LicenseAssignment
from licensing.services.suspending import returning
from licensing.wording import reactivated_sentence
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.htmx import (
    HtmxHttpRequest,
    close_pane,
    redirect_page,
    render_page,
)
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.forms import CheckoutQuery, ReactivateForm
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.next_contract import waiting_contract
from selfservice.subscriptions.services.reactivating import (
    REACTIVABLE,
    give_up_waiting,
    preview_reactivation,
    reactivate,
)
from selfservice.subscriptions.views.access import own_subscription
from selfservice.subscriptions.views.cards import (
    card_choices,
    chosen_card,
    hosted_page,
    returned_card,
)

MOST_NAMED = 20


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reactivate_pane(
    request: HtmxHttpRequest, subscription_id: uuid.UUID
) -> HttpResponse:
    subscription = own_subscription(request, subscription_id)
    if request.method != "POST":
        return _show(request, subscription)
    form = ReactivateForm(request.POST)
    if not form.is_valid():
        said = " ".join(str(e) for errors in form.errors.values() for e in errors)
        return _show(request, subscription, said, status=422)
    try:
        if form.cleaned_data["action"] == "drop":
            return _drop(request, subscription)
        return _reactivate(request, subscription, form)
    except DomainError as error:
        subscription = own_subscription(request, subscription_id)
        chosen = form.cleaned_data["payment"]
        return _show(request, subscription, str(error), chosen=chosen, status=422)


def _reactivate(
    request: HtmxHttpRequest, subscription: Subscription, form: ReactivateForm
) -> HttpResponse:
    data = form.cleaned_data
    card = _card(subscription, form)
    if card is None:
        # On Stripe's own page; it comes back here, with the card to choose.
        path = reverse("licensing:reactivate", args=[subscription.pk])
        return redirect_page(request, hosted_page(subscription.profile, path))
    _back, others = returning(subscription)
    preview, outcome = reactivate(
        subscription=subscription, seal=data["seal"], card=card
    )
    names = [row.user.display_name for row in others[:MOST_NAMED]]
    messages.success(request, reactivated_sentence(preview, card, outcome, names))
    return _close(request, subscription)


def _card(subscription: Subscription, form: ReactivateForm) -> PaymentMethod | None:
    """What pays; null when it is still to be entered."""
    data = form.cleaned_data
    return chosen_card(subscription.profile, data["payment"], data["setup_intent"])


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
    chosen: uuid.UUID | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"subscription": subscription}
    try:
        preview = preview_reactivation(subscription=subscription)
    except DomainError as error:
        context["waiting"] = waiting_contract(subscription)
        refusal = refusal or ("" if context["waiting"] else str(error))
    else:
        profile = subscription.profile
        preferred = chosen or subscription.payment_method_id
        session = CheckoutQuery(request.GET).value("card_session", "")
        back, others = returning(subscription)
        context |= {
            "preview": preview,
            "cards": card_choices(profile, preferred or profile.payment_method_id),
            "entered": returned_card(profile, session),
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
