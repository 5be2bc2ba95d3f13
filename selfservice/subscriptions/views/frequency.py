"""The pane Edit billing frequency: another one from the renewal on."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from selfservice.accounts.reauthentication import recent_sign_in
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest, close_pane, render_page
from selfservice.core.templatetags.ui import format_day
from selfservice.subscriptions.forms import FrequencyForm
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.changing import Outcome
from selfservice.subscriptions.services.scheduling import (
    frequencies_of,
    schedule_frequency,
)
from selfservice.subscriptions.views.access import own_subscription
from selfservice.subscriptions.wording import checking_sentence, frequency_words


@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
def frequency_pane(
    request: HtmxHttpRequest, subscription_id: uuid.UUID
) -> HttpResponse:
    subscription = own_subscription(request, subscription_id)
    if request.method != "POST":
        return _show(request, subscription)
    form = FrequencyForm(request.POST)
    if not form.is_valid():
        sentence = " ".join(str(error) for error in form.errors["plan"])
        return _show(request, subscription, sentence, status=422)
    try:
        outcome = schedule_frequency(
            subscription=subscription, plan_id=form.cleaned_data["plan"]
        )
    except DomainError as error:
        return _show(request, subscription, str(error), status=422)
    messages.success(request, _said(subscription, outcome))
    return close_pane(
        request, "subscriptions:details", subscription.pk, changed="licenses:changed"
    )


def _said(subscription: Subscription, outcome: Outcome) -> str:
    if outcome == Outcome.CHECKING or subscription.term_end is None:
        return checking_sentence()
    return _(
        "The billing frequency changes on %(day)s. Until then nothing changes."
    ) % {"day": format_day(subscription.term_end)}


def _show(
    request: HtmxHttpRequest,
    subscription: Subscription,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    choices = [
        (offer, offer.price.money * subscription.quantity, frequency_words(offer.plan))
        for offer in frequencies_of(subscription)
    ]
    context = {
        "subscription": subscription,
        "choices": choices,
        "several": len(choices) > 1,
        "refusal": refusal,
    }
    return render_page(
        request,
        "subscriptions/frequency.html",
        context,
        partial="frequency-pane",
        status=status,
    )
