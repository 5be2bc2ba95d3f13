"""Changing a running subscription: what it would cost, and doing it."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import stripe

from billing.gateway.client import client
from billing.gateway.errors import translated
from billing.gateway.invoices import void_invoice
from billing.gateway.shapes import Quote, StripeSubscription, seconds
from billing.gateway.subscriptions import (
    as_quote,
    as_subscription,
    cancel_once,
    read_subscription,
)

type Feedback = Literal[
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
]


def quote_quantity(
    *, subscription_id: str, item_id: str, quantity: int, at: dt.datetime
) -> Quote:
    """What changing the number of licenses at the instant `at` costs now.

    Negative amounts are what is given back. The same `at` in `change_quantity`
    charges exactly this. Source: https://docs.stripe.com/billing/subscriptions/prorations
    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        preview = client().v1.invoices.create_preview(
            {
                "subscription": subscription_id,
                "subscription_details": {
                    "items": [{"id": item_id, "quantity": quantity}],
                    "proration_behavior": "always_invoice",
                    "proration_date": seconds(at),
                },
            }
        )
    return as_quote(preview)


def quote_cancel(*, subscription_id: str, at: dt.datetime) -> Quote:
    """What ending it at the instant `at` gives back, as negative amounts.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        preview = client().v1.invoices.create_preview(
            {
                "subscription": subscription_id,
                "subscription_details": {
                    "cancel_now": True,
                    "proration_behavior": "always_invoice",
                    "proration_date": seconds(at),
                },
            }
        )
    return as_quote(preview)


def quote_renewal(*, subscription_id: str) -> Quote:
    """What the next invoice will be, as things stand.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        preview = client().v1.invoices.create_preview({"subscription": subscription_id})
    return as_quote(preview)


def add_licenses(
    *,
    subscription_id: str,
    item_id: str,
    quantity: int,
    at: dt.datetime,
    key: str,
) -> StripeSubscription:
    """Raise the number of licenses to `quantity` and charge for the rest of the period.

    `pending_if_incomplete`: until the charge went through, the old number stays and
    `pending_quantity` tells what waits. Raises GatewayUnavailable, GatewayRejected,
    PaymentDeclined.
    """
    with translated():
        found = client().v1.subscriptions.update(
            subscription_id,
            {
                "items": [{"id": item_id, "quantity": quantity}],
                "proration_behavior": "always_invoice",
                "proration_date": seconds(at),
                "payment_behavior": "pending_if_incomplete",
            },
            {"idempotency_key": key},
        )
    return as_subscription(found)


def remove_licenses(
    *, subscription_id: str, item_id: str, quantity: int, key: str
) -> StripeSubscription:
    """Lower the number of licenses to `quantity` at once.

    Nothing is credited here: what is given back goes to the card by a credit note.
    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        found = client().v1.subscriptions.update(
            subscription_id,
            {
                "items": [{"id": item_id, "quantity": quantity}],
                "proration_behavior": "none",
            },
            {"idempotency_key": key},
        )
    return as_subscription(found)


def set_card(*, subscription_id: str, card_id: str, key: str) -> StripeSubscription:
    """Charge `card_id` for it from now on; what is open stays open.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        found = client().v1.subscriptions.update(
            subscription_id,
            {"default_payment_method": card_id},
            {"idempotency_key": key},
        )
    return as_subscription(found)


def end_at(
    *,
    subscription_id: str,
    at: dt.datetime | None,
    feedback: Feedback | None,
    comment: str,
    key: str,
) -> StripeSubscription:
    """Let it end at the instant `at`; null lets it go on from term to term.

    Raises GatewayUnavailable, GatewayRejected.
    """
    params: stripe.params.SubscriptionUpdateParams = {
        "cancel_at": "" if at is None else seconds(at),
        "proration_behavior": "none",
    }
    if feedback is not None:
        params["cancellation_details"] = {"feedback": feedback, "comment": comment}
    with translated():
        found = client().v1.subscriptions.update(
            subscription_id, params, {"idempotency_key": key}
        )
    return as_subscription(found)


def end_now(
    *, subscription_id: str, feedback: Feedback, comment: str, key: str
) -> StripeSubscription:
    """End it at once, without any credit: that goes to the card by a credit note.

    First what was not paid yet is let go, so that its end proves all of it.
    Raises GatewayUnavailable, GatewayRejected.
    """
    _void_open(subscription_id, key)
    return cancel_once(
        subscription_id,
        {
            "cancellation_details": {"feedback": feedback, "comment": comment},
            "invoice_now": False,
            "prorate": False,
        },
        key=key,
    )


def give_up(*, subscription_id: str, key: str) -> StripeSubscription:
    """End what was never paid, and void its open invoices: nothing is asked any more.

    An invoice that is paid at the same moment stays paid. Raises GatewayUnavailable,
    GatewayRejected.
    """
    found = read_subscription(subscription_id)
    if found.status not in {"canceled", "incomplete_expired"}:
        cancel_once(
            subscription_id,
            {"invoice_now": False, "prorate": False},
            key=f"{key}-cancel",
        )
    _void_open(subscription_id, key)
    return read_subscription(subscription_id)


def _void_open(subscription_id: str, key: str) -> None:
    """Nothing of it is to be paid any more."""
    with translated():
        page = client().v1.invoices.list(
            {"subscription": subscription_id, "status": "open", "limit": 100}
        )
        waiting = [invoice.id for invoice in page.auto_paging_iter() if invoice.id]
    for invoice_id in waiting:
        void_invoice(invoice_id=invoice_id, key=f"{key}-void-{invoice_id}")
