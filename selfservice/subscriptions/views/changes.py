"""What waits on a subscription's page: a change at renewal, an unconfirmed payment."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing import gateway
from selfservice.accounts.reauthentication import recent_sign_in
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.queries import first_unpaid
from selfservice.subscriptions.services.changing import Outcome
from selfservice.subscriptions.services.next_contract import waiting_contract
from selfservice.subscriptions.services.scheduling import undo_scheduled_change
from selfservice.subscriptions.views.access import own_subscription
from selfservice.subscriptions.wording import checking_sentence


@require_POST
@recent_sign_in
def undo_change(request: HtmxHttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    """Undo what was scheduled for the renewal."""
    subscription = own_subscription(request, subscription_id)
    try:
        outcome = undo_scheduled_change(subscription=subscription)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        done = _("The change is undone. At the renewal everything stays as it is.")
        messages.success(
            request, done if outcome == Outcome.DONE else checking_sentence()
        )
    return redirect("subscriptions:details", subscription.pk)


@require_POST
def confirm_payment(
    request: HtmxHttpRequest, subscription_id: uuid.UUID
) -> HttpResponse:
    """On to the bank, by Stripe's page of the invoice that waits."""
    subscription = own_subscription(request, subscription_id)
    stripe_id = subscription.stripe_subscription_id
    contract = waiting_contract(subscription)
    if contract is not None:
        stripe_id = contract.stripe_subscription_id
    elif subscription.pending_quantity is None:
        stripe_id = ""
    if not stripe_id:
        return redirect("subscriptions:details", subscription.pk)
    return _to_the_invoice(request, subscription, stripe_id)


@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HtmxHttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    """On to paying the invoice that is past due, with any card; mails lead here, too.

    By Stripe's page when it isn't known here yet. What is paid by now leads to the
    subscription, and so does a link, as long as only Stripe knows the invoice.
    """
    subscription = own_subscription(request, subscription_id)
    if subscription.past_due_since is None:
        return redirect("subscriptions:details", subscription.pk)
    oldest = first_unpaid(subscription)
    if oldest is not None:
        return redirect("billing:invoice_pay", oldest)
    if request.method != "POST":
        return redirect("subscriptions:details", subscription.pk)
    return _to_the_invoice(request, subscription, subscription.stripe_subscription_id)


def _to_the_invoice(
    request: HtmxHttpRequest,
    subscription: Subscription,
    stripe_id: str,
) -> HttpResponse:
    """To Stripe's page of the newest invoice of its subscription."""
    try:
        found = gateway.read_subscription(stripe_id)
        url = gateway.hosted_invoice_url(found.latest_invoice_id)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("subscriptions:details", subscription.pk)
    return redirect(url)
