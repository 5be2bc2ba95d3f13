"""A trial that ends now, or at another instant."""

from __future__ import annotations

import copy
from typing import Any

from billing.sandbox import billing_run, paying, pending, proration, renewals, trials
from billing.sandbox.call import Call
from billing.sandbox.wire import ApiError, Obj


def move_trial(call: Call, found: Obj, wanted: Any, before: Obj) -> Obj:
    """End a trial now, or let it end at another instant."""
    if found["status"] != "trialing":
        raise ApiError("The sandbox moves the end of running trials only.")
    call.params.accept("proration_behavior", "proration_date", "payment_behavior")
    if wanted == "now":
        return _end_now(call, found, before)
    end = int(wanted)
    if end < call.now or end > call.now + trials.LONGEST:
        raise ApiError("Invalid timestamp: trial_end.", param="trial_end")
    found |= {"trial_end": end, "billing_cycle_anchor": end}
    for item in found["items"]["data"]:
        item["current_period_end"] = end
    return call.save(found, "customer.subscription.updated", before)


def _end_now(call: Call, found: Obj, before: Obj) -> Obj:
    """The first period begins and is charged; whether that waits is the request's."""
    ended = copy.deepcopy(found)
    ended |= {"trial_end": call.now, "billing_cycle_anchor": call.now}
    ended["status"] = "active"
    for item in ended["items"]["data"]:
        item["current_period_end"] = call.now
    periods = renewals.next_periods(call, ended)
    invoice = billing_run.build_invoice(
        call,
        customer=call.get(found["customer"], "customer"),
        items=[*proration.take_pending(call, found), *periods],
        automatic_tax=found["automatic_tax"]["enabled"],
        reason="subscription_update",
        subscription=found,
    )
    call.save(invoice, "invoice.created")
    found["latest_invoice"] = ended["latest_invoice"] = invoice["id"]
    if paying.waits(call):
        rows = ended["items"]["data"]
        anchor = call.now
        pending.wait(call, found, rows, invoice, anchor=anchor, trial_end=anchor)
    else:
        found = ended
    call.save(found, "customer.subscription.updated", before)
    return paying.pay_change(call, found, invoice)
