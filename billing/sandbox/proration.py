"""What part of a period costs: unused time goes back, remaining time is charged.

By the second, and each line is the floor of its own exact fraction, so that a credit
is never smaller, and a charge never larger, than it is exactly: of 1000 for three
periods, two of them unused, -667 goes back and 333 is charged. Recorded at Stripe in
2026 with ties, which tell a floor from rounding: -2.5 became -3, and 4.5 became 4. So
one of two licenses at 49.20 that is taken off a second later gives 49.21 back.

In flexible billing mode Stripe takes credits from what was really charged before; here
they are always worked out from the present price and quantity.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import stripe

from billing.sandbox.billing_run import Item
from billing.sandbox.call import Call
from billing.sandbox.wire import ApiError, Obj

UNUSED = "Unused time on"
REMAINING = "Remaining time on"


def share(amount: int, seconds: int, whole: int) -> int:
    """The part of `amount` minor units for so many seconds, floored."""
    return amount * seconds // whole


def unused(item: Obj, at: int) -> Item:
    """What goes back for the time of a subscription item that isn't used from `at`."""
    return _part(item, item["price"], item["quantity"], at, -1)


def remaining(item: Obj, price: Obj, quantity: int, at: int) -> Item:
    """What `quantity` at `price` costs from `at` to the end of the item's period."""
    return _part(item, price, quantity, at, 1)


def _part(item: Obj, price: Obj, quantity: int, at: int, sign: int) -> Item:
    start, end = item["current_period_start"], item["current_period_end"]
    return Item(
        price,
        quantity,
        at,
        end,
        share(sign * price["unit_amount"] * quantity, end - at, end - start),
        proration=True,
        subscription_item=item["id"],
        lead=UNUSED if sign < 0 else REMAINING,
    )


def instant(call: Call, given: Obj, item: Obj) -> int:
    """The `proration_date` of a request, else now: at most the end of the period.

    Raises ApiError for one outside the item's period.
    """
    start, end = item["current_period_start"], item["current_period_end"]
    at = int(given.get("proration_date") or min(call.now, end))
    if not start <= at <= end:
        raise ApiError(
            "Cannot specify `proration_date` outside of the current billing period.",
            param="proration_date",
        )
    return at


def keep(call: Call, subscription: Obj, items: list[Item]) -> None:
    """Let prorations wait for the next invoice."""
    for item in items:
        found = call.new(
            stripe.InvoiceItem,
            "ii",
            amount=item.amount,
            net_amount=item.amount,
            currency=item.price["currency"],
            customer=subscription["customer"],
            date=call.now,
            description=item.lead,
            discountable=False,
            period={"start": item.start, "end": item.end},
            proration=True,
            quantity=item.quantity,
        )
        found["_subscription"] = subscription["id"]
        found["_item"] = _without_price(item)
        call.store.put(found)


def _without_price(item: Item) -> dict[str, Any]:
    fields = {
        field.name: getattr(item, field.name) for field in dataclasses.fields(item)
    }
    return fields | {"price": item.price["id"]}


def pending_items(call: Call, subscription: Obj) -> list[Item]:
    """What waits for the subscription's next invoice, oldest first."""
    return [
        Item(**found["_item"] | {"price": call.get(found["_item"]["price"], "price")})
        for found in reversed(_waiting(call, subscription))
    ]


def take_pending(call: Call, subscription: Obj) -> list[Item]:
    """The same, and it waits no longer."""
    items = pending_items(call, subscription)
    for found in _waiting(call, subscription):
        call.store.delete(found["id"])
    return items


def _waiting(call: Call, subscription: Obj) -> list[Obj]:
    every = call.store.every("invoiceitem", subscription["customer"])
    return [found for found in every if found["_subscription"] == subscription["id"]]
