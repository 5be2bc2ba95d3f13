"""The next period of a subscription: its invoice, the charge, and what if it fails.

A renewal's invoice is a draft for an hour, then final and charged. A refused charge is
tried again after 3, 5 and 7 more days; then it stays open, and the subscription past
due until somebody pays or cancels.
"""

from __future__ import annotations

import copy

from billing.sandbox import anchors, billing_run, clock, proration
from billing.sandbox.billing_run import Item
from billing.sandbox.call import Call
from billing.sandbox.resources import invoices
from billing.sandbox.timeline import Step, watches
from billing.sandbox.wire import Obj

DRAFT_FOR = 3600
RETRIES = (3 * clock.DAY, 5 * clock.DAY, 7 * clock.DAY)
RUNNING = ("active", "past_due")


@watches("subscription", *RUNNING)
def period_end(call: Call, found: Obj) -> Step | None:
    """The next period of what ends first."""
    ends = min(item["current_period_end"] for item in found["items"]["data"])
    return Step(ends, lambda call: renew(call, found))


def renew(call: Call, subscription: Obj, *, status: str = "") -> Obj:
    """Begin the next period of the items whose period is over; the draft for it.

    `status` is the subscription's new one, when it gets one.
    """
    before = copy.deepcopy(subscription)
    subscription["status"] = status or subscription["status"]
    over = [
        item
        for item in subscription["items"]["data"]
        if item["current_period_end"] <= call.now
    ]
    start = min(item["current_period_start"] for item in over)
    periods = [_next_period(subscription, item) for item in over]
    # As Stripe sorts them: what waited comes before the period.
    items = [*proration.take_pending(call, subscription), *periods]
    invoice = billing_run.build_invoice(
        call,
        customer=call.get(subscription["customer"], "customer"),
        items=items,
        automatic_tax=subscription["automatic_tax"]["enabled"],
        reason="subscription_cycle",
        subscription=subscription,
    )
    # An invoice's own period is the one that it follows.
    invoice |= {"period_start": start, "period_end": periods[0].start}
    as_draft(call, invoice)
    subscription["latest_invoice"] = invoice["id"]
    call.save(subscription, "customer.subscription.updated", before)
    return invoice


def next_periods(call: Call, subscription: Obj) -> list[Item]:
    """What the next period of a subscription will cost; it is moved on, not stored."""
    rows = subscription["items"]["data"]
    ends = min(item["current_period_end"] for item in rows)
    over = [item for item in rows if item["current_period_end"] == ends]
    return [_next_period(subscription, item) for item in over]


def _next_period(subscription: Obj, item: Obj) -> Item:
    """Move an item on by one period; what it costs."""
    start = item["current_period_end"]
    recurring = item["price"]["recurring"]
    anchor = anchors.anchor_of(subscription)
    end = clock.period_end_after(recurring, anchor, start)
    item |= {"current_period_start": start, "current_period_end": end}
    return Item(
        item["price"],
        item["quantity"],
        start,
        end,
        item["price"]["unit_amount"] * item["quantity"],
        subscription_item=item["id"],
    )


def as_draft(call: Call, invoice: Obj) -> None:
    """Store it as a draft that becomes final, and is charged, in an hour."""
    invoice |= {
        "automatically_finalizes_at": call.now + DRAFT_FOR,
        "next_payment_attempt": call.now + DRAFT_FOR,
    }
    call.save(invoice, "invoice.created")


@watches("invoice", "draft")
def finalizing(call: Call, found: Obj) -> Step | None:
    when = found["automatically_finalizes_at"]
    if not found["auto_advance"] or when is None:
        return None

    def finalize(call: Call) -> None:
        billing_run.finalize(call, found)
        if found["status"] == "open":
            charge(call, found)

    return Step(when, finalize)


@watches("invoice", "open")
def retrying(call: Call, found: Obj) -> Step | None:
    when = found["next_payment_attempt"]
    if not found["auto_advance"] or when is None:
        return None
    return Step(when, lambda call: charge(call, found))


def charge(call: Call, invoice: Obj) -> None:
    """Try to charge it by itself; a subscription that can't pay is past due."""
    tries = invoice.get("_tries", 0)
    # Events tell at once when the next try will be.
    invoice |= {
        "_tries": tries + 1,
        "next_payment_attempt": (
            call.now + RETRIES[tries] if tries < len(RETRIES) else None
        ),
    }
    subscription = call.store.get(invoices.subscription_of(invoice), "subscription")
    method = invoices.card_for(call, invoice["customer"], subscription)
    if not method:
        invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
        call.save(invoice, "invoice.payment_failed")
    elif invoices.settle(call, invoice, method) == "paid":
        return
    if subscription is not None and subscription["status"] == "active":
        before = dict(subscription)
        subscription["status"] = "past_due"
        call.save(subscription, "customer.subscription.updated", before)
