"""Subscriptions: buying, reading, changing what can be changed, ending."""

from __future__ import annotations

import stripe

from billing.sandbox import anchors, billing_run, proration, trials
from billing.sandbox.billing_run import Item
from billing.sandbox.call import Call, created_within, merge_metadata
from billing.sandbox.cards import declined
from billing.sandbox.contract import blank
from billing.sandbox.endings import (
    cancel_now,
    end_at,
    end_with_period,
    note_reason,
    void_open,
)
from billing.sandbox.resources import handles
from billing.sandbox.resources.invoices import card_for, items_of, settle
from billing.sandbox.resources.payment_methods import own_card
from billing.sandbox.resources.setup_intents import authentication_failed
from billing.sandbox.wire import ApiError, Obj


@handles("POST /v1/subscriptions")
def create(call: Call) -> Obj:
    given = call.params
    customer = call.get(given.get("customer", ""), "customer")
    items = items_of(call, given.get("items", []), call.now)
    # Its own card; without one it is charged to the customer's, whichever that is then.
    method = given.get("default_payment_method") or None
    if method:
        own_card(call, method, customer["id"], "default_payment_method")
    found = _new(call, customer, items, method)
    trials.begin(call, found)
    free = anchors.begin(call, found)
    if given.get("cancel_at_period_end"):
        end_with_period(call, found, True)
    if given.get("cancel_at"):
        end_at(call, found, given["cancel_at"])
    call.save(found, "customer.subscription.created")
    if free:
        return found
    _first_invoice(call, found, customer, items)
    return call.get(found["id"], "subscription")


def _new(call: Call, customer: Obj, items: list[Item], method: str | None) -> Obj:
    given = call.params
    mode = given.get("billing_mode", {}).get("type", "flexible")
    found = call.new(
        stripe.Subscription,
        "sub",
        customer=customer["id"],
        currency=items[0].price["currency"],
        default_payment_method=method,
        status="incomplete",
        start_date=call.now,
        billing_cycle_anchor=call.now,
        description=given.get("description"),
    )
    found["billing_mode"] |= {"type": mode}
    if mode == "flexible":
        found["billing_mode"]["flexible"] = blank(
            stripe.Subscription.BillingMode.Flexible
        )
    enabled = given.get("automatic_tax", {}).get("enabled", False)
    found["automatic_tax"]["enabled"] = enabled
    if enabled:
        found["automatic_tax"]["liability"] = blank(
            stripe.Subscription.AutomaticTax.Liability
        ) | {"type": "self"}
    merge_metadata(found, given)
    found["items"] = {
        "object": "list",
        "data": [_item(call, found, item) for item in items],
        "has_more": False,
        "url": f"/v1/subscription_items?subscription={found['id']}",
    }
    return found


def _item(call: Call, subscription: Obj, item: Item) -> Obj:
    found = call.new(
        stripe.SubscriptionItem,
        "si",
        subscription=subscription["id"],
        price=item.price,
        quantity=item.quantity,
        current_period_start=item.start,
        current_period_end=item.end,
        discounts=[],
        tax_rates=[],
    )
    recurring = item.price["recurring"]
    found["plan"] |= {
        "id": item.price["id"],
        "active": item.price["active"],
        "amount": item.price["unit_amount"],
        "amount_decimal": item.price["unit_amount_decimal"],
        "created": item.price["created"],
        "currency": item.price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "metadata": {},
        "product": item.price["product"],
    }
    return found


def _first_invoice(call: Call, found: Obj, customer: Obj, items: list[Item]) -> None:
    """Make it, and charge it as `payment_behavior` says."""
    trial = found["status"] == "trialing"
    charged = [
        Item(
            item.price,
            item.quantity,
            item.start,
            found["trial_end"] if trial else item.end,
            0 if trial else item.amount,
            subscription_item=row["id"],
        )
        for item, row in zip(items, found["items"]["data"], strict=True)
    ]
    invoice = billing_run.build_invoice(
        call,
        customer=customer,
        items=charged,
        automatic_tax=found["automatic_tax"]["enabled"],
        reason="subscription_create",
        subscription=found,
    )
    call.save(invoice, "invoice.created")
    found["latest_invoice"] = invoice["id"]
    call.store.put(found)
    billing_run.finalize(call, invoice)
    if trial:
        return
    if invoice["status"] == "paid":
        _activate(call, found)
        return
    _pay_first(call, found, invoice)


def _activate(call: Call, found: Obj) -> None:
    before = dict(found)
    found["status"] = "active"
    call.save(found, "customer.subscription.updated", before)


def _pay_first(call: Call, found: Obj, invoice: Obj) -> None:
    behaviour = call.params.get("payment_behavior", "allow_incomplete")
    if behaviour == "default_incomplete":
        return
    method = card_for(call, found["customer"], found)
    if not method:
        raise ApiError(
            "This customer has no attached payment source or default payment method.",
            "resource_missing",
        )
    outcome = settle(call, invoice, method)
    if outcome == "paid" or behaviour == "allow_incomplete":
        return
    # Raised inside the request's transaction, so that nothing was made.
    if outcome == "action":
        raise authentication_failed("subscription_payment_intent_requires_action")
    raise declined(outcome)


@handles("GET /v1/subscriptions/{subscription_exposed_id}")
def retrieve(call: Call) -> Obj:
    return call.get(call.ids[0], "subscription")


@handles("GET /v1/subscriptions")
def every(call: Call) -> Obj:
    found = call.store.every("subscription", call.params.get("customer", ""))
    status = call.params.get("status")
    if status == "ended":
        found = [s for s in found if s["status"] in {"canceled", "incomplete_expired"}]
    elif status and status != "all":
        found = [s for s in found if s["status"] == status]
    elif not status:
        found = [s for s in found if s["status"] != "canceled"]
    # Those of a test clock are found by it, or by their customer.
    if "test_clock" in call.params or "customer" not in call.params:
        wanted = call.params.get("test_clock")
        found = [s for s in found if s["test_clock"] == wanted]
    if "price" in call.params:
        found = [s for s in found if _has_price(s, call.params["price"])]
    return call.listed(created_within(found, call.params.get("created")))


def _has_price(found: Obj, price_id: str) -> bool:
    return any(item["price"]["id"] == price_id for item in found["items"]["data"])


@handles("DELETE /v1/subscriptions/{subscription_exposed_id}")
def cancel(call: Call) -> Obj:
    found = call.get(call.ids[0], "subscription")
    if found["status"] in {"canceled", "incomplete_expired"}:
        raise call.missing("subscription", found["id"])
    if found["status"] == "incomplete":
        void_open(call, found)
    note_reason(found, call.params)
    _settle_up(call, found)
    found["canceled_at"] = call.now
    return cancel_now(call, found, reason="cancellation_requested")


def _settle_up(call: Call, found: Obj) -> None:
    """The unused time goes to the customer's balance, if the request wants that."""
    given = call.params
    items = proration.take_pending(call, found) if given.get("invoice_now") else []
    if given.get("prorate") and found["status"] in {"active", "past_due"}:
        rows = found["items"]["data"]
        unused = [proration.unused(row, call.now) for row in rows]
        if not given.get("invoice_now"):
            proration.keep(call, found, unused)
            return
        items += unused
    if not items:
        return
    invoice = billing_run.build_invoice(
        call,
        customer=call.get(found["customer"], "customer"),
        items=items,
        automatic_tax=found["automatic_tax"]["enabled"],
        reason="subscription_update",
        subscription=found,
    )
    call.save(invoice, "invoice.created")
    found["latest_invoice"] = invoice["id"]
    billing_run.finalize(call, invoice)
