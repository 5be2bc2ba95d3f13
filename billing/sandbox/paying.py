"""Paying the invoice of a change, as its `payment_behavior` says."""

from __future__ import annotations

from billing.sandbox import billing_run, pending
from billing.sandbox.call import Call
from billing.sandbox.cards import declined
from billing.sandbox.resources.invoices import card_for, settle
from billing.sandbox.resources.setup_intents import authentication_failed
from billing.sandbox.wire import ApiError, Obj


def waits(call: Call) -> bool:
    """Whether the change comes about only when it is paid."""
    return str(call.params.get("payment_behavior")) == "pending_if_incomplete"


def pay_change(call: Call, found: Obj, invoice: Obj) -> Obj:
    """Charge a stored draft; the subscription as it is afterwards.

    What waits for the payment was noted by `pending.wait` before. Raises ApiError.
    """
    behaviour = call.params.get("payment_behavior", "allow_incomplete")
    billing_run.finalize(call, invoice)
    outcome = "paid" if invoice["status"] == "paid" else _settle(call, found, invoice)
    if invoice["status"] == "paid":
        found = call.get(found["id"], "subscription")
        pending.apply(call, found, invoice)
    elif behaviour == "error_if_incomplete":
        # Raised inside the request's transaction, so that nothing was changed.
        if outcome == "action":
            raise authentication_failed("subscription_payment_intent_requires_action")
        raise declined(outcome)
    elif not waits(call) and found["status"] == "active":
        _fall_behind(call, found["id"])
    return call.get(found["id"], "subscription")


def _settle(call: Call, found: Obj, invoice: Obj) -> str:
    method = card_for(call, found["customer"], found)
    if not method:
        raise ApiError(
            "This customer has no attached payment source or default payment method.",
            "resource_missing",
        )
    return settle(call, invoice, method)


def _fall_behind(call: Call, subscription_id: str) -> None:
    found = call.get(subscription_id, "subscription")
    before = dict(found)
    found["status"] = "past_due"
    call.save(found, "customer.subscription.updated", before)
