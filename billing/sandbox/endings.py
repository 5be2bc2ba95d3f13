"""How things end: cancelled, given up, or because their time is over."""

from __future__ import annotations

from typing import Any

import stripe

from billing.sandbox import pending, schedules
from billing.sandbox.call import Call
from billing.sandbox.contract import blank
from billing.sandbox.resources.invoices import subscription_of, void_invoice
from billing.sandbox.timeline import Step, watches
from billing.sandbox.wire import ApiError, Obj

LAPSES_AFTER = 23 * 3600
# Before anything else at the same instant: what ends isn't renewed first.
FIRST = -2


@watches("subscription", "incomplete")
def lapse(call: Call, found: Obj) -> Step | None:
    """A first payment that nobody finished within 23 hours is given up."""

    def expire(call: Call) -> None:
        void_open(call, found)
        before = dict(found)
        found.update(status="incomplete_expired", ended_at=call.now)
        call.save(found, "customer.subscription.updated", before)

    return Step(found["created"] + LAPSES_AFTER, expire)


def void_open(call: Call, subscription: Obj) -> None:
    """Nobody is to pay its open invoices any more."""
    for invoice in _invoices(call, subscription, "open"):
        void_invoice(call, invoice)


def _invoices(call: Call, subscription: Obj, *statuses: str) -> list[Obj]:
    every = call.store.every("invoice", subscription["customer"])
    mine = [found for found in every if subscription_of(found) == subscription["id"]]
    return [found for found in mine if found["status"] in statuses]


@watches("subscription", "active", "past_due", "trialing", "paused")
def cancel_at(call: Call, found: Obj) -> Step | None:
    """The instant at which it was to end: a period's end, or any other."""
    if not found["cancel_at"]:
        return None

    def cancel(call: Call) -> None:
        cancel_now(call, found, reason="cancellation_requested")

    return Step(found["cancel_at"], cancel, FIRST)


def cancel_now(call: Call, found: Obj, *, reason: str | None = None) -> Obj:
    """End a subscription; what is open stays so, but isn't charged by itself."""
    known = found["cancellation_details"] or blank(
        stripe.Subscription.CancellationDetails
    )
    found |= {
        "status": "canceled",
        "ended_at": call.now,
        "canceled_at": found["canceled_at"] or call.now,
        "cancellation_details": {**known, "reason": reason},
    }
    for invoice in _invoices(call, found, "draft", "open"):
        invoice |= {"auto_advance": False, "next_payment_attempt": None}
        call.store.put(invoice)
    pending.forget(found)
    schedules.subscription_ended(call, found)
    return call.save(found, "customer.subscription.deleted")


@watches("checkout.session", "open")
def session_end(call: Call, found: Obj) -> Step | None:
    """A page that nobody finished within a day is over, and its intent with it."""

    def expire(call: Call) -> None:
        found.update(status="expired", url=None)
        call.save(found, "checkout.session.expired")
        intent = call.get(found["setup_intent"], "setup_intent")
        if intent["status"] not in {"succeeded", "canceled"}:
            intent["status"] = "canceled"
            call.save(intent, "setup_intent.canceled")

    return Step(found["expires_at"], expire)


def end_with_period(call: Call, found: Obj, wanted: bool) -> None:
    """Let it end with its period, or go on."""
    schedules.refuse_own_end(found)
    ends = max(item["current_period_end"] for item in found["items"]["data"])
    found |= {
        "cancel_at_period_end": wanted,
        "cancel_at": ends if wanted else None,
        "canceled_at": call.now if wanted else None,
    }
    _requested(found, wanted)


def end_at(call: Call, found: Obj, wanted: Any) -> None:
    """Note when it is to end; nothing of it any more for an empty one."""
    schedules.refuse_own_end(found)
    if not wanted:
        found |= {"cancel_at": None, "canceled_at": None, "cancel_at_period_end": False}
        _requested(found, False)
        return
    if wanted in {"min_period_end", "max_period_end"}:
        choose = min if wanted == "min_period_end" else max
        wanted = choose(i["current_period_end"] for i in found["items"]["data"])
    if int(wanted) <= call.now:
        raise ApiError("cancel_at must be in the future.", param="cancel_at")
    found |= {"cancel_at": int(wanted), "canceled_at": call.now}
    _requested(found, True)


def _requested(found: Obj, wanted: bool) -> None:
    """Say that somebody asked for the end, or does so no more."""
    known = found["cancellation_details"] or blank(
        stripe.Subscription.CancellationDetails
    )
    reason = "cancellation_requested" if wanted else None
    found["cancellation_details"] = {**known, "reason": reason}


def note_reason(found: Obj, given: Obj) -> None:
    """Keep why somebody cancels."""
    details = given.get("cancellation_details")
    if details:
        known = found["cancellation_details"] or blank(
            stripe.Subscription.CancellationDetails
        )
        found["cancellation_details"] = {**known, **details}
