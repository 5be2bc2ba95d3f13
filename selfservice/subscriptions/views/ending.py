"""The panes Cancel subscription and Edit recurring billing."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from selfservice.accounts.reauthentication import recent_sign_in
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest, close_pane, render_page
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.forms import CancelForm, RecurringForm
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.changing import PreviewStale
from selfservice.subscriptions.services.counting import scheduled_change
from selfservice.subscriptions.services.ending import (
    CancelPreview,
    cancel,
    preview_cancel,
    set_recurring,
)
from selfservice.subscriptions.views.access import own_subscription
from selfservice.subscriptions.wording import (
    cancel_sentence,
    cancelled_sentence,
    recurring_sentence,
)


@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
def cancel_pane(request: HtmxHttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    subscription = own_subscription(request, subscription_id)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return _show_cancel(request, subscription, form)
    if not form.is_valid() or not form.cleaned_data["seal"]:
        return _show_cancel(request, subscription, form, status=422)
    try:
        preview, outcome = cancel(
            subscription=subscription,
            seal=form.cleaned_data["seal"],
            reason=form.cleaned_data["reason"],
            feedback=form.cleaned_data["feedback"],
        )
    except DomainError as error:
        subscription = own_subscription(request, subscription_id)
        return _show_cancel(request, subscription, form, error, status=422)
    messages.success(request, cancelled_sentence(preview, outcome))
    return _close(request, subscription)


@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in
def recurring_pane(
    request: HtmxHttpRequest, subscription_id: uuid.UUID
) -> HttpResponse:
    subscription = own_subscription(request, subscription_id)
    now_on = {"recurring": "on" if subscription.recurring_billing else "off"}
    form = RecurringForm(request.POST if request.method == "POST" else now_on)
    if request.method != "POST":
        return _show_recurring(request, subscription, form)
    if not form.is_valid():
        return _show_recurring(request, subscription, form, status=422)
    try:
        outcome = set_recurring(
            subscription=subscription, on=form.cleaned_data["recurring"] == "on"
        )
    except DomainError as error:
        return _show_recurring(request, subscription, form, str(error), status=422)
    messages.success(request, recurring_sentence(subscription, outcome))
    return _close(request, subscription)


def _show_cancel(
    request: HtmxHttpRequest,
    subscription: Subscription,
    form: CancelForm,
    refused: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    preview: CancelPreview | None = None
    refusal = str(refused or "")
    try:
        preview = preview_cancel(subscription=subscription)
    except DomainError as error:
        # What was changed elsewhere may leave nothing to look at and confirm.
        stale = isinstance(refused, PreviewStale)
        refusal = str(error) if stale or refused is None else refusal
    context = {
        "subscription": subscription,
        "form": form,
        "preview": preview,
        "sentences": cancel_sentence(preview) if preview else [],
        "refusal": refusal,
    }
    return render_page(
        request,
        "subscriptions/cancel.html",
        context,
        partial="cancel-pane",
        status=status,
    )


def _show_recurring(
    request: HtmxHttpRequest,
    subscription: Subscription,
    form: RecurringForm,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    waits = scheduled_change(subscription)
    context = {
        "subscription": subscription,
        "form": form,
        "refusal": refusal,
        "scheduled": waits,
        "renews_for": (
            waits.price.money * waits.quantity if waits else subscription.period_total
        ),
        "disabled_at": lifecycle.disabled_from(subscription),
        "state": lifecycle.state_at(subscription, clock.now()),
    }
    return render_page(
        request,
        "subscriptions/recurring.html",
        context,
        partial="recurring-pane",
        status=status,
    )


def _close(request: HtmxHttpRequest, subscription: Subscription) -> HttpResponse:
    return close_pane(
        request, "subscriptions:details", subscription.pk, changed="licenses:changed"
    )
