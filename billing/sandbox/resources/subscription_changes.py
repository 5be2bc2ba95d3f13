"""Changing a running subscription, and what a change would cost."""

from __future__ import annotations

import copy
import dataclasses

from billing.sandbox import (
    billing_run,
    clock,
    endings,
    paying,
    pending,
    proration,
    trial_changes,
    trials,
)
from billing.sandbox.billing_run import Item
from billing.sandbox.call import Call, merge_metadata
from billing.sandbox.resources import handles
from billing.sandbox.resources.invoices import void_invoice
from billing.sandbox.timeline import Step, watches
from billing.sandbox.wire import ApiError, Obj

ENDED = {"canceled", "incomplete_expired"}
# What makes invoices: not before the first one is paid, and once at a time.
COSTS = {"items", "billing_cycle_anchor", "trial_end"}
STILL_CHANGES = {"metadata", "cancellation_details", "expand"}
# What may wait for its payment. https://docs.stripe.com/billing/subscriptions/pending-updates
MAY_WAIT = {
    "expand",
    "items",
    "payment_behavior",
    "proration_behavior",
    "proration_date",
    "billing_cycle_anchor",
    "trial_end",
    "trial_from_plan",
}


@dataclasses.dataclass(slots=True)
class Change:
    """The items as they will be, and what that costs; `anew`: a new period begins."""

    items: list[Obj]
    charges: list[Item]
    anew: bool = False


@handles("POST /v1/subscriptions/{subscription_exposed_id}")
def update(call: Call) -> Obj:
    found = call.get(call.ids[0], "subscription")
    given = call.params
    _check_status(found, given)
    before = copy.deepcopy(found)
    if found["pending_update"] and COSTS & dict.keys(given):
        _supersede(call, found)
    _set_plain(call, found, given)
    if "items" in given or "billing_cycle_anchor" in given:
        change = plan_change(call, found, given)
        return _carry_out(call, found, change, before)
    if "trial_end" in given:
        return trial_changes.move_trial(call, found, given["trial_end"], before)
    given.accept("proration_behavior", "proration_date", "payment_behavior")
    return call.save(found, "customer.subscription.updated", before)


def _check_status(found: Obj, given: Obj) -> None:
    """Raises ApiError for what can't change, or can't wait for its payment."""
    # As a plain dictionary: what is only looked for isn't taken.
    names = set(dict.keys(given))
    if found["status"] in ENDED and names - STILL_CHANGES:
        raise ApiError("A canceled subscription can only update its metadata.")
    if found["status"] == "incomplete" and names & COSTS:
        raise ApiError(
            "This subscription is incomplete: pay its first invoice before changing it."
        )
    waits = given.get("payment_behavior") == "pending_if_incomplete"
    if waits and names - MAY_WAIT:
        raise ApiError(
            "When `payment_behavior` is `pending_if_incomplete`, only changes that can"
            " wait for their payment may be made.",
            param="payment_behavior",
        )


def _supersede(call: Call, found: Obj) -> None:
    """A new change takes the place of the one that waits: its invoice is void."""
    invoice = call.get(found["_pending_invoice"], "invoice")
    void_invoice(call, invoice)
    pending.give_up(call, found, invoice)


def _set_plain(call: Call, found: Obj, given: Obj) -> None:
    """Everything that costs nothing."""
    if "default_payment_method" in given:
        _set_card(call, found, given["default_payment_method"])
    if "cancel_at_period_end" in given:
        endings.end_with_period(call, found, given["cancel_at_period_end"])
    if "cancel_at" in given:
        endings.end_at(call, found, given["cancel_at"])
    _set_settings(found, given)
    endings.note_reason(found, given)
    merge_metadata(found, given)


def _set_card(call: Call, found: Obj, method_id: str) -> None:
    method = call.get(method_id, "payment_method")
    if method["customer"] != found["customer"]:
        raise ApiError(
            "The customer does not have a payment method with this ID.",
            "resource_missing",
            "default_payment_method",
        )
    found["default_payment_method"] = method["id"]


def _set_settings(found: Obj, given: Obj) -> None:
    if "description" in given:
        found["description"] = given["description"] or None
    if "automatic_tax" in given:
        found["automatic_tax"]["enabled"] = given["automatic_tax"]["enabled"]
    if "trial_settings" in given:
        found["trial_settings"] = trials.settings(given["trial_settings"])
    if "payment_settings" in given:
        keeps = given["payment_settings"].get("save_default_payment_method", "off")
        found["payment_settings"]["save_default_payment_method"] = keeps


def plan_change(call: Call, found: Obj, given: Obj) -> Change:
    """What the wanted items, or a new anchor, make of a subscription.

    Nothing is written. Raises ApiError for what can't be.
    """
    wanted = {_item_id(each): each for each in given.get("items", [])}
    anchor = given.get("billing_cycle_anchor", {"type": "unchanged"})["type"]
    change = Change([], [], anew=anchor == "now")
    rows = found["items"]["data"]
    if set(wanted) - {row["id"] for row in rows}:
        raise ApiError("No such subscription item.", "resource_missing", "items[0][id]")
    prices = {row["id"]: _price(call, row, wanted.get(row["id"], {})) for row in rows}
    change.anew = change.anew or any(
        _rhythm(prices[row["id"]]) != _rhythm(row["price"]) for row in rows
    )
    for row in rows:
        quantity = wanted.get(row["id"], {}).get("quantity", row["quantity"])
        _change_item(call, found, change, row, prices[row["id"]], quantity)
    return change


def _item_id(given: Obj) -> str:
    if "id" not in given:
        raise ApiError(
            "The sandbox changes items by their id; it adds none.", param="items[0][id]"
        )
    return str(given["id"])


def _price(call: Call, row: Obj, given: Obj) -> Obj:
    if not given.get("price"):
        price: Obj = row["price"]
        return price
    price = call.get(given["price"], "price")
    if not price["active"]:
        raise ApiError(f"The price {price['id']} is inactive.", param="items[0][price]")
    if price["currency"] != row["price"]["currency"]:
        raise ApiError("All prices must have the same currency.", param="items")
    return price


def _rhythm(price: Obj) -> tuple[str, int]:
    recurring = price["recurring"]
    if recurring is None:
        raise ApiError("The price must be recurring.", param="items[0][price]")
    return recurring["interval"], recurring["interval_count"]


def _change_item(
    call: Call, found: Obj, change: Change, row: Obj, price: Obj, quantity: int
) -> None:
    """Add the item as it will be, and what it gives back and costs."""
    if quantity < 0:
        raise ApiError(
            "Invalid integer: quantity", "parameter_invalid_integer", "items"
        )
    new = copy.deepcopy(row) | {"price": price, "quantity": quantity}
    new["plan"] |= {"id": price["id"], "amount": price["unit_amount"]} | {
        "interval": _rhythm(price)[0],
        "interval_count": _rhythm(price)[1],
        "amount_decimal": price["unit_amount_decimal"],
        "product": price["product"],
    }
    behaviour = call_behaviour(call)
    touched = (price["id"], quantity) != (row["price"]["id"], row["quantity"])
    trial = found["status"] == "trialing"
    at = proration.instant(call, change_params(call), row)
    if (touched or change.anew) and not trial and behaviour != "none":
        change.charges.append(proration.unused(row, at))
    if change.anew and not trial:
        new |= {
            "current_period_start": call.now,
            "current_period_end": clock.add_periods(price["recurring"], call.now, 1),
        }
        change.charges.append(_whole_period(call, new))
    elif touched and not trial and behaviour != "none":
        change.charges.append(proration.remaining(row, price, quantity, at))
    change.items.append(new)


def _whole_period(call: Call, row: Obj) -> Item:
    price, quantity = row["price"], row["quantity"]
    return Item(
        price,
        quantity,
        call.now,
        row["current_period_end"],
        price["unit_amount"] * quantity,
        subscription_item=row["id"],
    )


def change_params(call: Call) -> Obj:
    """Where a request says how a change is charged: itself, or a preview's part."""
    details: Obj = call.params.get("subscription_details") or call.params
    return details


def call_behaviour(call: Call) -> str:
    return str(change_params(call).get("proration_behavior", "create_prorations"))


def set_items(found: Obj, change: Change, now: int) -> None:
    """Let the planned items be the subscription's."""
    found["items"]["data"] = change.items
    if change.anew and found["status"] != "trialing":
        found["billing_cycle_anchor"] = now


def _carry_out(call: Call, found: Obj, change: Change, before: Obj) -> Obj:
    at_once = change.charges and (
        change.anew or call_behaviour(call) == "always_invoice"
    )
    if not at_once:
        call.params.accept("payment_behavior")
        proration.keep(call, found, change.charges)
        set_items(found, change, call.now)
        return call.save(found, "customer.subscription.updated", before)
    invoice = billing_run.build_invoice(
        call,
        customer=call.get(found["customer"], "customer"),
        items=[*proration.take_pending(call, found), *change.charges],
        automatic_tax=found["automatic_tax"]["enabled"],
        reason="subscription_update",
        subscription=found,
    )
    call.save(invoice, "invoice.created")
    found["latest_invoice"] = invoice["id"]
    return _charge(call, found, change, invoice, before)


def _charge(call: Call, found: Obj, change: Change, invoice: Obj, before: Obj) -> Obj:
    """Pay the invoice of a change as `payment_behavior` says."""
    if paying.waits(call):
        anchor = call.now if change.anew else None
        pending.wait(call, found, change.items, invoice, anchor=anchor)
    else:
        set_items(found, change, call.now)
    call.save(found, "customer.subscription.updated", before)
    return paying.pay_change(call, found, invoice)


@watches("subscription", "active", "past_due", "trialing")
def pending_end(call: Call, found: Obj) -> Step | None:
    """A payment that nobody finished: its invoice is void, and all stays as it was."""
    if found["pending_update"] is None:
        return None

    def expire(call: Call) -> None:
        invoice = call.get(found["_pending_invoice"], "invoice")
        void_invoice(call, invoice)
        pending.give_up(call, call.get(found["id"], "subscription"), invoice)

    return Step(found["pending_update"]["expires_at"], expire, -1)
