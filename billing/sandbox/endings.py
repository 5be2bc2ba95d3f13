"""How things end: cancelled, given up, or because their time is over."""

from __future__ import annotations

import stripe

from billing.sandbox import schedules
from billing.sandbox.call import Call
from billing.sandbox.contract import blank
from billing.sandbox.resources.invoices import subscription_of, void_invoice
from billing.sandbox.timeline import Step, watches
from billing.sandbox.wire import Obj

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
