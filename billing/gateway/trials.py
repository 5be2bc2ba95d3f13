"""Trials: starting one, what comes afterwards, a later end, and ending it by paying."""

from __future__ import annotations

import datetime as dt

import stripe

from billing.gateway.client import client
from billing.gateway.errors import translated
from billing.gateway.shapes import Quote, StripeSubscription, seconds
from billing.gateway.subscriptions import as_quote, as_subscription


def start_trial(
    *,
    customer_id: str,
    price_id: str,
    quantity: int,
    card_id: str,
    ends_at: dt.datetime,
    own_ids: dict[str, str],
    key: str,
) -> StripeSubscription:
    """Start a trial that is paid for from `ends_at` on, for `quantity` licenses.

    Without a card (`card_id` empty) it ends by itself then, whatever other card the
    customer has. Source: https://docs.stripe.com/billing/subscriptions/trials
    Raises GatewayUnavailable, GatewayRejected.
    """
    params: stripe.params.SubscriptionCreateParams = {
        "customer": customer_id,
        "items": [{"price": price_id, "quantity": quantity}],
        "trial_end": seconds(ends_at),
        "trial_settings": {"end_behavior": {"missing_payment_method": "cancel"}},
        "billing_mode": {"type": "flexible"},
        "automatic_tax": {"enabled": True},
        "metadata": own_ids,
    }
    if card_id:
        params["default_payment_method"] = card_id
    else:
        params["cancel_at"] = seconds(ends_at)
    with translated():
        found = client().v1.subscriptions.create(params, {"idempotency_key": key})
    return as_subscription(found)


def quote_trial_end(*, subscription_id: str, item_id: str, quantity: int) -> Quote:
    """What ending the trial right now would charge for `quantity` licenses.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        preview = client().v1.invoices.create_preview(
            {
                "subscription": subscription_id,
                "subscription_details": {
                    "cancel_at": "",
                    "items": [{"id": item_id, "quantity": quantity}],
                    "trial_end": "now",
                },
            }
        )
    return as_quote(preview)


def extend_trial(
    *, subscription_id: str, ends_at: dt.datetime, goes_on: bool, key: str
) -> StripeSubscription:
    """Let the trial end at `ends_at`; without `goes_on` the subscription does too.

    Raises GatewayUnavailable, GatewayRejected.
    """
    params: stripe.params.SubscriptionUpdateParams = {
        "trial_end": seconds(ends_at),
        "proration_behavior": "none",
    }
    if not goes_on:
        params["cancel_at"] = seconds(ends_at)
    return _update(subscription_id, params, key)


def set_paid_licenses(
    *, subscription_id: str, item_id: str, quantity: int, key: str
) -> StripeSubscription:
    """How many licenses are paid for after the trial; nothing is charged now.

    Raises GatewayUnavailable, GatewayRejected.
    """
    return _update(
        subscription_id,
        {
            "items": [{"id": item_id, "quantity": quantity}],
            "proration_behavior": "none",
        },
        key,
    )


def keep_after_trial(
    *, subscription_id: str, item_id: str, quantity: int, card_id: str, key: str
) -> StripeSubscription:
    """Let the trial become a subscription: so many licenses, that card, no end.

    Nothing is charged yet. Raises GatewayUnavailable, GatewayRejected.
    """
    return _update(
        subscription_id,
        {
            "items": [{"id": item_id, "quantity": quantity}],
            "default_payment_method": card_id,
            "cancel_at": "",
            "proration_behavior": "none",
        },
        key,
    )


def end_trial(*, subscription_id: str, key: str) -> StripeSubscription:
    """End the trial now and charge the first period.

    `pending_if_incomplete`: until the charge went through, the trial goes on and
    `pending_until` tells how long that waits. Raises GatewayUnavailable,
    GatewayRejected, PaymentDeclined.
    """
    return _update(
        subscription_id,
        {
            "trial_end": "now",
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
        },
        key,
    )


def _update(
    subscription_id: str, params: stripe.params.SubscriptionUpdateParams, key: str
) -> StripeSubscription:
    with translated():
        found = client().v1.subscriptions.update(
            subscription_id, params, {"idempotency_key": key}
        )
    return as_subscription(found)
