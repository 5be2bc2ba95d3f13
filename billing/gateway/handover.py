"""Letting another customer go on with what one has paid for.

A subscription can't move between customers at Stripe. Another one takes its place,
which charges nothing until the period is over that is paid already.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from billing.gateway.catalogue import restore_price, retire_price
from billing.gateway.client import client
from billing.gateway.errors import translated
from billing.gateway.shapes import StripeSubscription
from billing.gateway.subscriptions import as_subscription, cancel_once


@dataclasses.dataclass(frozen=True, slots=True)
class PaidPeriod:
    """What is paid for: from `start` to `end`. Instants in UTC.

    Periods are counted from `anchor`, so that one of a 31st that ends on the 28th is
    followed by one that ends on the 31st; a `yearly` one has its month, too.
    """

    start: dt.datetime
    end: dt.datetime
    anchor: dt.datetime
    yearly: bool


def take_over(
    *,
    customer_id: str,
    price_id: str,
    quantity: int,
    card_id: str,
    period: PaidPeriod,
    own_ids: dict[str, str],
    key: str,
    attempt: int,
) -> StripeSubscription:
    """Start a subscription within a period that somebody else has paid for.

    Nothing is charged for that period, and it ends with it: what has taken the other
    one's place for good is let go on by `end_at`. Classic billing mode, because the
    flexible one takes what an added license costs less what was charged before, and
    here that was another customer. A price that isn't sold any more stays theirs.
    `attempt` counts the tries.
    Sources: https://docs.stripe.com/billing/subscriptions/billing-cycle,
    https://docs.stripe.com/billing/subscriptions/billing-mode/compare
    Raises GatewayUnavailable, GatewayRejected.
    """
    with _on_sale(price_id, f"{key}-{attempt}"), translated():
        found = client().v1.subscriptions.create(
            {
                "customer": customer_id,
                "items": [{"price": price_id, "quantity": quantity}],
                "default_payment_method": card_id,
                "billing_mode": {"type": "classic"},
                "automatic_tax": {"enabled": True},
                "backdate_start_date": int(period.start.timestamp()),
                "billing_cycle_anchor_config": _config(period),
                "proration_behavior": "none",
                "cancel_at": int(period.end.timestamp()),
                "metadata": own_ids,
            },
            {"idempotency_key": key},
        )
    return as_subscription(found)


def end_for_good(*, subscription_id: str, key: str) -> StripeSubscription:
    """End it at once, without any credit; one that has ended already is no error.

    Raises GatewayUnavailable, GatewayRejected.
    """
    return cancel_once(
        subscription_id, {"invoice_now": False, "prorate": False}, key=key
    )


def _config(
    period: PaidPeriod,
) -> stripe.params.SubscriptionCreateParamsBillingCycleAnchorConfig:
    anchor = period.anchor.astimezone(dt.UTC)
    config: stripe.params.SubscriptionCreateParamsBillingCycleAnchorConfig = {
        "day_of_month": anchor.day,
        "hour": anchor.hour,
        "minute": anchor.minute,
        "second": anchor.second,
    }
    if period.yearly:
        config["month"] = anchor.month
    return config


@contextmanager
def _on_sale(price_id: str, key: str) -> Iterator[None]:
    """Let a retired price be used once more; Stripe refuses it for what is new.

    Nobody can buy at it meanwhile: here it stays retired.
    """
    with translated():
        retired = not client().v1.prices.retrieve(price_id).active
    if retired:
        restore_price(price_id=price_id, key=f"{key}-restore")
    try:
        yield
    finally:
        if retired:
            retire_price(price_id=price_id, key=f"{key}-retire")
