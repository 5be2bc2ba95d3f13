"""What became of an order: a page that can be reloaded, left and come back to."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from billing import gateway
from selfservice.accounts.requests import person
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest, redirect_page, render_page
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.queries import invoices_of
from selfservice.subscriptions.services.buying import drop_order, lapses_at


@never_cache
@require_safe
def order(request: HtmxHttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    placed = _order_for(request, subscription_id)
    waiting = placed.order_state == OrderState.PROCESSING
    if request.htmx and not waiting:
        return redirect_page(request, "subscriptions:order", placed.pk)
    context = {
        "order": placed,
        "waiting": waiting,
        "state": placed.order_state,
        "lapses_at": lapses_at(placed),
        "invoice": next(iter(invoices_of(placed)), None),
    }
    return render_page(request, "subscriptions/order.html", context, partial="waiting")


@require_POST
def finish_payment(
    request: HtmxHttpRequest, subscription_id: uuid.UUID
) -> HttpResponse:
    """On to the bank, by Stripe's page of the open invoice."""
    placed = _order_for(request, subscription_id)
    if placed.order_state != OrderState.PENDING:
        return redirect("subscriptions:order", placed.pk)
    try:
        found = gateway.read_subscription(placed.stripe_subscription_id)
        url = gateway.hosted_invoice_url(found.latest_invoice_id)
    except DomainError as error:
        return _again(request, placed, str(error))
    return redirect(url)


@require_POST
def drop(request: HtmxHttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    placed = _order_for(request, subscription_id)
    try:
        drop_order(subscription=placed)
    except DomainError as error:
        return _again(request, placed, str(error))
    return redirect("subscriptions:order", placed.pk)


def _again(
    request: HtmxHttpRequest, placed: Subscription, sentence: str
) -> HttpResponse:
    context = {
        "order": placed,
        "waiting": False,
        "state": placed.order_state,
        "lapses_at": lapses_at(placed),
        "error": sentence,
    }
    return render_page(
        request, "subscriptions/order.html", context, partial="waiting", status=503
    )


def _order_for(request: HtmxHttpRequest, subscription_id: uuid.UUID) -> Subscription:
    """The buyer's order; anybody else's is not found. Raises Http404."""
    buyer = person(request)
    placed = (
        Subscription.objects.filter(
            organization_id=buyer.organization_id, purchaser=buyer, pk=subscription_id
        )
        .select_related("product", "plan", "price", "profile", "payment_method")
        .first()
    )
    if placed is None:
        raise Http404
    return placed
