"""Everything that a customer has at Stripe, page by page.

Pages hold at most `PAGE` objects and are fetched while they are read, so that a
customer may have any number of them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from itertools import batched

import stripe

from billing.gateway.cards import as_card
from billing.gateway.client import client
from billing.gateway.errors import GatewayRejected, translated
from billing.gateway.invoices import as_invoice
from billing.gateway.shapes import (
    Card,
    StripeInvoice,
    StripeSubscription,
    required_instant,
)
from billing.gateway.subscriptions import as_subscription

PAGE = 100


@dataclasses.dataclass(frozen=True, slots=True)
class ListedCard:
    """A card that is attached to the customer, and since when it exists."""

    card: Card
    entered_at: dt.datetime


def cards_of(customer_id: str) -> Iterator[list[ListedCard]]:
    """The cards that are attached to a customer.

    Raises GatewayUnavailable, GatewayRejected: with `is_gone` for a customer that
    Stripe doesn't have.
    """
    with translated():
        found = client().v1.customers.payment_methods.list(
            customer_id, {"type": "card", "limit": PAGE}
        )
        for page in batched(found.auto_paging_iter(), PAGE):
            yield [ListedCard(as_card(m), required_instant(m.created)) for m in page]


def subscriptions_of(customer_id: str) -> Iterator[list[StripeSubscription]]:
    """The subscriptions of a customer, ended ones too.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        found = client().v1.subscriptions.list(
            {"customer": customer_id, "status": "all", "limit": PAGE}
        )
        for page in batched(found.auto_paging_iter(), PAGE):
            yield [as_subscription(item) for item in page]


def invoices_of(
    customer_id: str, *, subscription_id: str = ""
) -> Iterator[list[StripeInvoice]]:
    """The invoices of a customer, or of one subscription of theirs, without lines.

    Raises GatewayUnavailable, GatewayRejected.
    """
    wanted: stripe.params.InvoiceListParams = {"customer": customer_id, "limit": PAGE}
    if subscription_id:
        wanted["subscription"] = subscription_id
    with translated():
        found = client().v1.invoices.list(wanted)
        for page in batched(found.auto_paging_iter(), PAGE):
            yield [as_invoice(item, []) for item in page]


def is_gone(error: GatewayRejected) -> bool:
    """Whether Stripe refused because it doesn't have the object."""
    return error.code == "resource_missing" or error.status == 404
