"""Charges, refunds, and the seller's balance that they go through."""

from __future__ import annotations

from billing.sandbox import charges
from billing.sandbox.call import Call, created_within, merge_metadata
from billing.sandbox.resources import handles
from billing.sandbox.wire import ApiError, Obj


@handles("POST /v1/refunds")
def create(call: Call) -> Obj:
    given = call.params
    charge = _charge(call)
    amount = given.get("amount", charges.unrefunded(charge))
    found = charges.refund(call, charge, amount, reason=given.get("reason"))
    merge_metadata(found, given)
    return call.store.put(found)


def _charge(call: Call) -> Obj:
    """The charge that is to be refunded. Raises ApiError when none is named."""
    given = call.params
    named = [name for name in ("charge", "payment_intent") if given.get(name)]
    if len(named) != 1:
        raise ApiError(
            "One of the following params should be provided for this request:"
            " payment_intent or charge.",
            "parameter_missing",
        )
    if named == ["charge"]:
        return call.get(given["charge"], "charge")
    intent = call.get(given["payment_intent"], "payment_intent")
    if not intent["latest_charge"]:
        raise ApiError(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to"
            " refund.",
            param="payment_intent",
        )
    return call.get(intent["latest_charge"], "charge")


@handles("GET /v1/refunds/{refund}")
def retrieve(call: Call) -> Obj:
    return call.get(call.ids[0], "refund")


@handles("POST /v1/refunds/{refund}")
def update(call: Call) -> Obj:
    found = call.get(call.ids[0], "refund")
    before = dict(found)
    merge_metadata(found, call.params)
    return call.save(found, "refund.updated", before)


@handles("GET /v1/refunds")
def every(call: Call) -> Obj:
    return _listed(call, "refund", "charge", "payment_intent")


@handles("GET /v1/charges/{charge}")
def retrieve_charge(call: Call) -> Obj:
    return call.get(call.ids[0], "charge")


@handles("GET /v1/charges")
def every_charge(call: Call) -> Obj:
    return _listed(call, "charge", "customer", "payment_intent")


@handles("GET /v1/balance_transactions/{id}")
def retrieve_entry(call: Call) -> Obj:
    return call.get(call.ids[0], "balance_transaction")


@handles("GET /v1/balance_transactions")
def every_entry(call: Call) -> Obj:
    return _listed(call, "balance_transaction", "currency", "source", "type")


def _listed(call: Call, kind: str, *filters: str) -> Obj:
    """A page of the objects of a kind that have what the filters ask for."""
    found = call.store.every(kind)
    for name in filters:
        if name in call.params:
            found = [each for each in found if each[name] == call.params[name]]
    return call.listed(created_within(found, call.params.get("created")))
