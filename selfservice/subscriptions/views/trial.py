"""The pane of a trial: licenses afterwards, a later end, and paying today."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.views.card_choice import chosen_card
from selfservice.accounts.reauthentication import recent_sign_in
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.htmx import (
    HtmxHttpRequest,
    close_pane,
    render_page,
)
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.forms import (
    ConvertForm,
    TrialQuantityForm,
)
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.trials import (
    Conversion,
    convert,
    extend,
    extended_end,
    preview_conversion,
    set_quantity_after,
    why_not_extended,
)
from selfservice.subscriptions.trial_wording import (
    converted_sentence,
    extended_sentence,
    quantity_after_sentence,
)
from selfservice.subscriptions.views.access import own_subscription
from selfservice.subscriptions.views.cards import card_choice, to_card_page


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
def trial_pane(request: HtmxHttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    subscription = own_subscription(request, subscription_id)
    if request.method != "POST":
        return _show(request, subscription)
    do = ACTIONS.get(request.POST.get("action", ""))
    if do is None:
        nothing = _("Nothing was chosen. Press one of the buttons below.")
        return _show(request, subscription, nothing, status=422)
    try:
        return do(request, subscription)
    except DomainError as error:
        subscription = own_subscription(request, subscription_id)
        return _show(request, subscription, str(error), status=422)


def _extend(request: HtmxHttpRequest, subscription: Subscription) -> HttpResponse:
    outcome = extend(subscription=subscription)
    return _done(request, subscription, extended_sentence(subscription, outcome))


def _count(request: HtmxHttpRequest, subscription: Subscription) -> HttpResponse:
    form = TrialQuantityForm(request.POST)
    if not form.is_valid():
        return _show(request, subscription, form=form, status=422)
    quantity = form.cleaned_data["quantity"]
    outcome = set_quantity_after(subscription=subscription, quantity=quantity)
    return _done(request, subscription, quantity_after_sentence(subscription, outcome))


def _convert(request: HtmxHttpRequest, subscription: Subscription) -> HttpResponse:
    form = ConvertForm(request.POST)
    if not form.is_valid():
        return _show(request, subscription, form.refusal, status=422)
    card = chosen_card(form, subscription.profile)
    if card is None:
        return to_card_page(request, subscription, "subscriptions:trial")
    preview, outcome = convert(
        subscription=subscription, seal=form.cleaned_data["seal"], card=card
    )
    return _done(request, subscription, converted_sentence(preview, card, outcome))


ACTIONS: dict[str, Callable[[HtmxHttpRequest, Subscription], HttpResponse]] = {
    "extend": _extend,
    "quantity": _count,
    "convert": _convert,
}


def _done(
    request: HtmxHttpRequest, subscription: Subscription, sentence: str
) -> HttpResponse:
    messages.success(request, sentence)
    return close_pane(
        request, "subscriptions:details", subscription.pk, changed="licenses:changed"
    )


def _show(
    request: HtmxHttpRequest,
    subscription: Subscription,
    refusal: str = "",
    *,
    form: TrialQuantityForm | None = None,
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    preview: Conversion | None = None
    try:
        preview = preview_conversion(subscription=subscription)
    except DomainError as error:
        refusal = refusal or str(error)
    context: dict[str, Any] = {
        "subscription": subscription,
        "running": lifecycle.state_at(subscription, now) == lifecycle.TRIAL,
        "form": form or TrialQuantityForm({"quantity": subscription.paid_quantity}),
        "refusal": refusal,
        "preview": preview,
        "choice": card_choice(request, subscription) if preview else None,
        "no_extension": why_not_extended(subscription, now),
        "extended_end": extended_end(subscription),
    }
    return render_page(
        request,
        "subscriptions/trial.html",
        context,
        partial="trial-pane",
        status=status,
    )
