"""What stands to a customer's credit, entry by entry."""

from __future__ import annotations

from billing.sandbox import credit
from billing.sandbox.call import Call, created_within, merge_metadata
from billing.sandbox.resources import handles
from billing.sandbox.wire import ApiError, Obj, missing

KIND = "customer_balance_transaction"


@handles("POST /v1/customers/{customer}/balance_transactions")
def create(call: Call) -> Obj:
    given = call.params
    if given["amount"] == 0:
        raise ApiError("Amount can't be zero.", "parameter_invalid_integer", "amount")
    found = credit.change(
        call,
        call.ids[0],
        "adjustment",
        given["amount"],
        given["currency"].lower(),
        description=given.get("description"),
    )
    merge_metadata(found, given)
    return call.store.put(found)


@handles("GET /v1/customers/{customer}/balance_transactions/{transaction}")
def retrieve(call: Call) -> Obj:
    customer_id, found_id = call.ids
    found = call.get(found_id, KIND)
    if found["customer"] != customer_id:
        raise missing(KIND, found_id)
    return found


@handles("POST /v1/customers/{customer}/balance_transactions/{transaction}")
def update(call: Call) -> Obj:
    found = retrieve(call)
    if "description" in call.params:
        found["description"] = call.params["description"] or None
    merge_metadata(found, call.params)
    return call.store.put(found)


@handles("GET /v1/customers/{customer}/balance_transactions")
def every(call: Call) -> Obj:
    call.get(call.ids[0], "customer")
    found = call.store.every(KIND, call.ids[0])
    if "invoice" in call.params:
        found = [each for each in found if each["invoice"] == call.params["invoice"]]
    return call.listed(created_within(found, call.params.get("created")))
