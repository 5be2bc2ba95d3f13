"""Subscription schedules: what will change at the end of a period."""

from __future__ import annotations

from typing import Any

import stripe

from billing.sandbox import phases
from billing.sandbox.call import Call, created_within, merge_metadata
from billing.sandbox.contract import blank
from billing.sandbox.endings import cancel_now
from billing.sandbox.resources import handles
from billing.sandbox.resources.payment_methods import own_card
from billing.sandbox.schedules import (
    KIND,
    RUNNING,
    attach,
    in_order,
    mirrored,
    release,
    span,
)
from billing.sandbox.wire import ApiError, Obj

CAN_BE_SCHEDULED = {"active", "trialing", "past_due"}
INSTANTS = ("canceled_at", "completed_at", "created", "released_at")


@handles("POST /v1/subscription_schedules")
def create(call: Call) -> Obj:
    given = call.params
    if "from_subscription" not in given:
        raise ApiError(
            "The sandbox makes schedules of running subscriptions only.",
            param="from_subscription",
        )
    others = sorted(set(given) - {"from_subscription", "expand"})
    if others:
        raise ApiError(
            f"You cannot set `{others[0]}` if `from_subscription` is set.",
            param=others[0],
        )
    subscription = call.get(given["from_subscription"], "subscription")
    _check_free(subscription)
    found = _new(call, subscription)
    call.save(found, "subscription_schedule.created")
    attach(call, found, subscription)
    return found


def _check_free(subscription: Obj) -> None:
    if subscription["schedule"]:
        raise ApiError(
            "You cannot migrate a subscription that is already attached to a schedule:"
            f" `{subscription['schedule']}`.",
            param="from_subscription",
        )
    if subscription["status"] not in CAN_BE_SCHEDULED:
        raise ApiError(
            "You cannot migrate a subscription that is in the"
            f" `{subscription['status']}` status.",
            param="from_subscription",
        )


def _new(call: Call, subscription: Obj) -> Obj:
    phase = phases.running_now(subscription)
    found = call.new(
        stripe.SubscriptionSchedule,
        "sub_sched",
        billing_mode=subscription["billing_mode"],
        current_phase=span(phase),
        customer=subscription["customer"],
        end_behavior="cancel" if subscription["cancel_at"] else "release",
        phases=[phase],
        status="active",
        subscription=subscription["id"],
    )
    settings = stripe.SubscriptionSchedule.DefaultSettings
    found["default_settings"] |= {
        "automatic_tax": blank(settings.AutomaticTax) | phase["automatic_tax"],
        "billing_cycle_anchor": "automatic",
        "collection_method": subscription["collection_method"],
        "default_payment_method": subscription["default_payment_method"],
        "description": subscription["description"],
    }
    found["default_settings"]["invoice_settings"]["issuer"] |= {"type": "self"}
    return found


@handles("GET /v1/subscription_schedules/{schedule}")
def retrieve(call: Call) -> Obj:
    return mirrored(call, call.get(call.ids[0], KIND))


@handles("GET /v1/subscription_schedules")
def every(call: Call) -> Obj:
    given = call.params
    found = call.store.every(KIND, given.get("customer", ""))
    if "customer" not in given:
        found = [each for each in found if each["test_clock"] is None]
    if given.get("scheduled"):
        found = [each for each in found if each["status"] == "not_started"]
    for name in INSTANTS:
        if name in given:
            known = [each | {"created": each[name]} for each in found if each[name]]
            kept = {each["id"] for each in created_within(known, given[name])}
            found = [each for each in found if each["id"] in kept]
    page = call.listed(found)
    page["data"] = [mirrored(call, each) for each in page["data"]]
    return page


@handles("POST /v1/subscription_schedules/{schedule}")
def update(call: Call) -> Obj:
    found = _running(call, "update", "updated")
    given = call.params
    before = dict(found)
    subscription = call.get(found["subscription"], "subscription")
    given.accept("proration_behavior")
    if "end_behavior" in given:
        found["end_behavior"] = _end_behaviour(given["end_behavior"])
    if "default_settings" in given:
        _set_card(call, found, given["default_settings"])
    if "phases" in given:
        found["phases"] = phases.read(call, found, subscription)
        _follow(found, subscription)
    merge_metadata(found, given)
    call.save(found, "subscription_schedule.updated", before)
    attach(call, found, subscription)
    return found


def _set_card(call: Call, found: Obj, wanted: Obj) -> None:
    """The only default that it changes here: what the phases to come are paid with."""
    name = "default_payment_method"
    card = own_card(call, wanted[name], found["customer"], f"default_settings[{name}]")
    found["default_settings"][name] = card


def _end_behaviour(wanted: Any) -> str:
    if wanted not in {"release", "cancel"}:
        raise ApiError(
            "The sandbox ends schedules by release or cancel.", param="end_behavior"
        )
    return str(wanted)


def _follow(found: Obj, subscription: Obj) -> None:
    """What runs now must be what it was; the next phases change the subscription."""
    began = found["current_phase"]["start_date"]
    current = next(p for p in found["phases"] if p["start_date"] == began)
    found["current_phase"] = span(current)
    rows = subscription["items"]["data"]
    for row, item in zip(rows, in_order(rows, current["items"]), strict=True):
        if (item["price"], item["quantity"]) != (row["price"]["id"], row["quantity"]):
            raise ApiError(
                "The sandbox changes what runs now by an update of the subscription"
                " itself: give the current phase its present items.",
                param="phases[0][items]",
            )


def _running(call: Call, verb: str, past: str) -> Obj:
    found = mirrored(call, call.get(call.ids[0], KIND))
    if found["status"] not in RUNNING:
        raise ApiError(
            f"You cannot {verb} a subscription schedule that is currently in the"
            f" `{found['status']}` status. It must be in `not_started, active` status"
            f" to be {past}."
        )
    return found


@handles("POST /v1/subscription_schedules/{schedule}/release")
def let_go(call: Call) -> Obj:
    found = _running(call, "release", "released")
    release(call, found, keep_end=call.params.get("preserve_cancel_date", False))
    return found


@handles("POST /v1/subscription_schedules/{schedule}/cancel")
def cancel(call: Call) -> Obj:
    """The subscription ends with it; nothing is invoiced or given back."""
    found = _running(call, "cancel", "canceled")
    for name in ("invoice_now", "prorate"):
        if call.params.get(name, True):
            raise ApiError(
                "The sandbox cancels a schedule without a last invoice: say so.",
                param=name,
            )
    subscription = call.get(found["subscription"], "subscription")
    cancel_now(call, subscription, reason="cancellation_requested")
    return call.get(found["id"], KIND)
