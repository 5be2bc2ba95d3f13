"""Buying, reading and ending subscriptions at Stripe."""

from __future__ import annotations

import dataclasses

import stripe

from billing.gateway.client import client
from billing.gateway.errors import GatewayRejected, translated
from billing.gateway.invoices import void_invoice
from billing.gateway.shapes import (
    Quote,
    StripeSubscription,
    Unpaid,
    instant,
    rate_bp,
    required_instant,
    text_id,
)


def quote_purchase(*, customer_id: str, price_id: str, quantity: int) -> Quote:
    """What buying costs now: Stripe's own preview of the first invoice.

    Source: https://docs.stripe.com/api/invoices/create_preview
    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        preview = client().v1.invoices.create_preview(
            {
                "customer": customer_id,
                "automatic_tax": {"enabled": True},
                "subscription_details": {
                    "items": [{"price": price_id, "quantity": quantity}]
                },
            }
        )
    return as_quote(preview)


def as_quote(preview: stripe.Invoice) -> Quote:
    """The sums of a preview."""
    taxes = preview.total_taxes or []
    subtotal = preview.total_excluding_tax
    return Quote(
        currency=preview.currency.upper(),
        subtotal_minor=preview.subtotal if subtotal is None else subtotal,
        tax_minor=sum(tax.amount for tax in taxes),
        total_minor=preview.total,
        tax_rate_bp=rate_bp(
            sum(tax.amount for tax in taxes),
            sum(tax.taxable_amount or 0 for tax in taxes),
        ),
        reverse_charge=any(tax.taxability_reason == "reverse_charge" for tax in taxes),
    )


def buy_subscription(
    *,
    customer_id: str,
    price_id: str,
    quantity: int,
    card_id: str,
    own_ids: dict[str, str],
    key: str,
) -> StripeSubscription:
    """Start a subscription and charge its first invoice to the card.

    `allow_incomplete`: one call tells everything. A card that is declined or wants
    the bank's confirmation leaves an incomplete subscription, which the caller
    completes or drops. Raises GatewayUnavailable, GatewayRejected, PaymentDeclined.
    """
    with translated():
        subscription = client().v1.subscriptions.create(
            {
                "customer": customer_id,
                "items": [{"price": price_id, "quantity": quantity}],
                "default_payment_method": card_id,
                "payment_behavior": "allow_incomplete",
                "billing_mode": {"type": "flexible"},
                "automatic_tax": {"enabled": True},
                "metadata": own_ids,
            },
            {"idempotency_key": key},
        )
    return as_subscription(subscription)


def read_subscription(subscription_id: str) -> StripeSubscription:
    """As it is now. Raises GatewayUnavailable, GatewayRejected."""
    with translated():
        found = as_subscription(client().v1.subscriptions.retrieve(subscription_id))
        if found.status not in {"past_due", "unpaid"}:
            return found
        return dataclasses.replace(found, unpaid=_unpaid(subscription_id))


def _unpaid(subscription_id: str) -> Unpaid | None:
    """The first period whose renewal is open; null when none is."""
    waiting = client().v1.invoices.list(
        {"subscription": subscription_id, "status": "open", "limit": 100}
    )
    found = [
        Unpaid(
            since=required_instant(invoice.lines.data[0].period.start),
            number=invoice.number or "",
            due_minor=invoice.amount_remaining,
            currency=invoice.currency.upper(),
        )
        for invoice in waiting.auto_paging_iter()
        if invoice.billing_reason == "subscription_cycle"
    ]
    return min(found, key=lambda unpaid: unpaid.since, default=None)


def find_subscription(
    *, customer_id: str, own_key: str, own_value: str
) -> StripeSubscription | None:
    """The customer's subscription whose metadata carries our id.

    The proof for a create whose answer was lost longer ago than Stripe keeps
    idempotency keys. Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        page = client().v1.subscriptions.list(
            {"customer": customer_id, "status": "all", "limit": 100}
        )
        for found in page.auto_paging_iter():
            subscription = as_subscription(found)
            if subscription.metadata.get(own_key) == own_value:
                return subscription
    return None


def drop_subscription(*, subscription_id: str, key: str) -> StripeSubscription:
    """End an incomplete subscription, unless it was paid in the meantime.

    The invoice is voided first: Stripe refuses that once it is paid, so a payment
    that comes at the same moment wins and the subscription stays. Ending one that
    has ended already is no error. Raises GatewayUnavailable, GatewayRejected.
    """
    found = read_subscription(subscription_id)
    if found.status != "incomplete":
        return found
    void_invoice(invoice_id=found.latest_invoice_id, key=f"{key}-void")
    found = read_subscription(subscription_id)
    if found.status != "incomplete":
        return found
    return cancel_once(subscription_id, {}, key=f"{key}-cancel")


def cancel_once(
    subscription_id: str, params: stripe.params.SubscriptionCancelParams, *, key: str
) -> StripeSubscription:
    """End it at once; being told that it has ended already is no error.

    A DELETE has no idempotency key: when the answer to a first try is lost, the next
    one is refused. Raises GatewayUnavailable, GatewayRejected.
    """
    try:
        with translated():
            return as_subscription(
                client().v1.subscriptions.cancel(
                    subscription_id, params, {"idempotency_key": key}
                )
            )
    except GatewayRejected:
        found = read_subscription(subscription_id)
        if found.status not in {"canceled", "incomplete_expired"}:
            raise
        return found


def as_subscription(found: stripe.Subscription) -> StripeSubscription:
    """Ours from theirs: one item, its period, what waits."""
    item = found["items"].data[0]
    metadata = found.metadata.to_dict()
    pending = found.pending_update
    return StripeSubscription(
        id=found.id,
        item_id=item.id,
        customer_id=text_id(found.customer),
        status=found.status,
        quantity=item.quantity or 0,
        price_id=item.price.id,
        card_id=text_id(found.default_payment_method),
        started_at=required_instant(found.start_date),
        anchor=required_instant(found.billing_cycle_anchor),
        period_start=required_instant(item.current_period_start),
        period_end=required_instant(item.current_period_end),
        trial_end=instant(found.trial_end),
        cancel_at=instant(found.cancel_at),
        cancel_at_period_end=found.cancel_at_period_end,
        ended_at=instant(found.ended_at),
        latest_invoice_id=text_id(found.latest_invoice),
        metadata={str(k): str(v) for k, v in metadata.items()},
        schedule_id=text_id(found.schedule),
        pending_quantity=_pending_quantity(pending),
        pending_until=instant(pending.expires_at) if pending else None,
    )


def _pending_quantity(pending: stripe.Subscription.PendingUpdate | None) -> int | None:
    if pending is None or not pending.subscription_items:
        return None
    return pending.subscription_items[0].quantity
