"""Charges and refunds: money that moved, and what the seller's balance says of it."""

from __future__ import annotations

import stripe

from billing.sandbox import amounts
from billing.sandbox.call import Call
from billing.sandbox.contract import blank
from billing.sandbox.wire import ApiError, Obj

# What a charge shows of the card that was used.
SHOWN = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")


def succeeded(call: Call, intent: Obj) -> Obj:
    """The charge of a payment that went through."""
    found = _charge(call, intent)
    found |= {
        "status": "succeeded",
        "paid": True,
        "captured": True,
        "amount_captured": intent["amount"],
    }
    found["outcome"] |= {
        "type": "authorized",
        "network_status": "approved_by_network",
        "seller_message": "Payment complete.",
    }
    found["balance_transaction"] = _book(call, found, "charge", intent["amount"])
    return call.save(found, "charge.succeeded")


def failed(call: Call, intent: Obj, refusal: ApiError) -> Obj:
    """The charge that a bank refused."""
    found = _charge(call, intent)
    found |= {
        "status": "failed",
        "failure_code": refusal.envelope.get("code"),
        "failure_message": refusal.envelope["message"],
    }
    found["outcome"] |= {
        "type": "issuer_declined",
        "network_status": "declined_by_network",
        "reason": refusal.envelope.get("decline_code"),
        "seller_message": "The bank declined the payment.",
    }
    return call.save(found, "charge.failed")


def _charge(call: Call, intent: Obj) -> Obj:
    method = call.get(intent["payment_method"], "payment_method")
    found = call.new(
        stripe.Charge,
        "ch",
        amount=intent["amount"],
        currency=intent["currency"],
        customer=intent["customer"],
        payment_intent=intent["id"],
        payment_method=method["id"],
        billing_details=method["billing_details"],
        outcome=blank(stripe.Charge.Outcome),
    )
    details = stripe.Charge.PaymentMethodDetails
    shown = {name: method["card"][name] for name in SHOWN}
    found["payment_method_details"] = {
        "type": "card",
        "card": blank(details.Card) | shown,
    }
    return found


def _book(call: Call, source: Obj, kind: str, amount: int) -> str:
    """Note it on the seller's balance, without a fee; the id of the entry."""
    found = call.new(
        stripe.BalanceTransaction,
        "txn",
        amount=amount,
        net=amount,
        fee=0,
        fee_details=[],
        available_on=call.now,
        balance_type="payments",
        currency=source["currency"],
        reporting_category=kind,
        source=source["id"],
        status="available",
        type=kind,
    )
    return str(call.store.put(found)["id"])


def unrefunded(charge: Obj) -> int:
    """What can still be given back of a charge."""
    return int(charge["amount_captured"] - charge["amount_refunded"])


def refund(
    call: Call, charge: Obj, amount: int, *, reason: str | None = None, **more: Obj
) -> Obj:
    """Give back `amount` of a charge, to the card. Raises ApiError when it can't be."""
    _check(charge, amount)
    found = call.new(
        stripe.Refund,
        "re",
        amount=amount,
        currency=charge["currency"],
        charge=charge["id"],
        customer=charge["customer"],
        payment_intent=charge["payment_intent"],
        payment_method=charge["payment_method"],
        reason=reason,
        status="succeeded",
        **more,
    )
    destination = stripe.Refund.DestinationDetails
    found["destination_details"] = {
        "type": "card",
        "card": blank(destination.Card) | {"type": "refund"},
    }
    found["balance_transaction"] = _book(call, found, "refund", -amount)
    call.save(found, "refund.created")
    before = dict(charge)
    charge["amount_refunded"] += amount
    charge["refunded"] = unrefunded(charge) == 0
    call.save(charge, "charge.refunded", before)
    return found


def _check(charge: Obj, amount: int) -> None:
    if charge["status"] != "succeeded":
        raise ApiError(f"Charge {charge['id']} was not successful.", param="charge")
    left = unrefunded(charge)
    if left == 0:
        raise ApiError(
            f"Charge {charge['id']} has already been refunded.",
            "charge_already_refunded",
        )
    if amount <= 0:
        raise ApiError(
            "Invalid positive integer", "parameter_invalid_integer", "amount"
        )
    if amount > left:
        asked, rest = (
            amounts.amount(each, charge["currency"]) for each in (amount, left)
        )
        raise ApiError(
            f"Refund amount ({asked}) is greater than unrefunded amount on charge"
            f" ({rest})",
            param="amount",
        )
