"""What an invoice would be: by the very code that makes it, and without a trace."""

from __future__ import annotations

import copy
from typing import Any

from billing.sandbox import billing_run, proration, renewals, schedules
from billing.sandbox.billing_run import Item
from billing.sandbox.call import Call
from billing.sandbox.given import Given
from billing.sandbox.resources import handles
from billing.sandbox.resources.invoices import items_of
from billing.sandbox.resources.subscription_changes import (
    ENDED,
    call_behaviour,
    plan_change,
    set_items,
)
from billing.sandbox.wire import ApiError, Obj

UPCOMING = "upcoming"


@handles("POST /v1/invoices/create_preview")
def create_preview(call: Call) -> Obj:
    if "subscription" in call.params:
        return _of_subscription(call)
    given = call.params
    details = given.get("subscription_details", {})
    if "items" not in details:
        raise ApiError(
            "The sandbox previews subscriptions only: give one, or a customer and"
            " subscription_details[items].",
            param="subscription",
        )
    customer = call.get(given.get("customer", ""), "customer")
    items = items_of(call, details["items"], call.now)
    enabled = given.get("automatic_tax", {}).get("enabled", False)
    return _preview(call, customer, items, enabled, None)


def _of_subscription(call: Call) -> Obj:
    # A copy: whatever is tried with it, the stored one stays.
    found = copy.deepcopy(call.get(call.params["subscription"], "subscription"))
    wanted = call.params.get("customer", found["customer"])
    if wanted != found["customer"]:
        raise ApiError(
            "The subscription belongs to another customer.", param="customer"
        )
    if found["status"] in ENDED:
        raise _nothing_upcoming(found)
    items = _items(call, found, call.params.get("subscription_details", {}))
    customer = call.get(found["customer"], "customer")
    enabled = found["automatic_tax"]["enabled"]
    enabled = call.params.get("automatic_tax", {"enabled": enabled})["enabled"]
    return _preview(call, customer, items, enabled, found)


def _items(call: Call, found: Obj, details: Given) -> list[Item]:
    waiting = proration.pending_items(call, found)
    if details.get("cancel_at") == "":
        found |= {"cancel_at": None, "cancel_at_period_end": False}
    if details.get("cancel_now"):
        return waiting + _unused(call, found, details)
    if "trial_end" in details:
        return waiting + _after_trial(call, found, details)
    charges: list[Item] = []
    if "items" in details or "billing_cycle_anchor" in details:
        change = plan_change(call, found, details)
        if change.anew or (change.charges and call_behaviour(call) == "always_invoice"):
            return waiting + change.charges
        set_items(found, change, call.now)
        charges = change.charges
    if found["cancel_at"] and found["cancel_at"] <= _ends(found):
        raise _nothing_upcoming(found)
    schedules.look_ahead(call, found, _ends(found))
    return waiting + charges + renewals.next_periods(call, found)


def _after_trial(call: Call, found: Obj, details: Obj) -> list[Item]:
    _check_trial(found, details["trial_end"])
    if "items" in details:
        set_items(found, plan_change(call, found, details), call.now)
    for item in found["items"]["data"]:
        item["current_period_end"] = call.now
    found["billing_cycle_anchor"] = call.now
    return renewals.next_periods(call, found)


def _check_trial(found: Obj, wanted: Any) -> None:
    if wanted != "now" or found["status"] != "trialing":
        raise ApiError(
            "The sandbox previews the end of a running trial, by now.",
            param="subscription_details[trial_end]",
        )


def _unused(call: Call, found: Obj, details: Given) -> list[Item]:
    if found["status"] == "trialing" or call_behaviour(call) == "none":
        details.accept("proration_date")
        return []
    rows = found["items"]["data"]
    return [
        proration.unused(row, proration.instant(call, details, row)) for row in rows
    ]


def _ends(found: Obj) -> int:
    return min(int(item["current_period_end"]) for item in found["items"]["data"])


def _nothing_upcoming(found: Obj) -> ApiError:
    return ApiError(
        f"No upcoming invoices for customer: {found['customer']}",
        "invoice_upcoming_none",
        status=404,
    )


def _preview(
    call: Call, customer: Obj, items: list[Item], enabled: bool, found: Obj | None
) -> Obj:
    if not items:
        raise ApiError("Nothing to invoice.", "invoice_upcoming_none", status=404)
    invoice = billing_run.build_invoice(
        call,
        customer=customer,
        items=items,
        automatic_tax=enabled,
        reason=UPCOMING,
        subscription=found,
    )
    invoice["id"] = f"upcoming_{invoice['id']}"
    return invoice
