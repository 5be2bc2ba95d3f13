"""What comes to its end by itself: unfinished purchases, Checkout sessions."""

from __future__ import annotations

from billing.sandbox.call import Call
from billing.sandbox.resources.invoices import subscription_of, void_invoice
from billing.sandbox.timeline import Step, watches
from billing.sandbox.wire import Obj

LAPSES_AFTER = 23 * 3600


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
    sub_id = subscription["id"]
    for invoice in call.store.every("invoice", subscription["customer"]):
        if invoice["status"] == "open" and subscription_of(invoice) == sub_id:
            void_invoice(call, invoice)


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
