"""Products and prices."""

from __future__ import annotations

import stripe

from billing.sandbox.call import Call, merge_metadata
from billing.sandbox.contract import blank
from billing.sandbox.resources import handles
from billing.sandbox.wire import ApiError, Obj


@handles("POST /v1/products")
def create_product(call: Call) -> Obj:
    given = call.params
    found = call.new(
        stripe.Product,
        "prod",
        name=given["name"],
        active=given.get("active", True),
        type="service",
        images=[],
        marketing_features=[],
        updated=call.now,
        description=given.get("description"),
        tax_code=given.get("tax_code"),
    )
    if given.get("id"):
        found["id"] = given["id"]
        if call.store.get(given["id"]) is not None:
            raise ApiError(
                f"Product already exists: {given['id']}",
                "resource_already_exists",
                "id",
            )
    merge_metadata(found, given)
    return call.save(found, "product.created")


@handles("GET /v1/products/{id}")
def retrieve_product(call: Call) -> Obj:
    return call.get(call.ids[0], "product")


@handles("POST /v1/products/{id}")
def update_product(call: Call) -> Obj:
    found = call.get(call.ids[0], "product")
    before = dict(found)
    for name in ("name", "active", "description", "tax_code"):
        if name in call.params:
            found[name] = call.params[name]
    found["updated"] = call.now
    merge_metadata(found, call.params)
    return call.save(found, "product.updated", before)


@handles("GET /v1/products")
def every_product(call: Call) -> Obj:
    found = call.store.every("product")
    if "active" in call.params:
        found = [p for p in found if p["active"] == call.params["active"]]
    if "ids" in call.params:
        found = [p for p in found if p["id"] in call.params["ids"]]
    return call.listed(found)


@handles("POST /v1/prices")
def create_price(call: Call) -> Obj:
    given = call.params
    if "product" not in given:
        raise ApiError(
            "Missing required param: product.", "parameter_missing", "product"
        )
    call.get(given["product"], "product")
    if "unit_amount" not in given:
        raise ApiError(
            "Missing required param: unit_amount.", "parameter_missing", "unit_amount"
        )
    recurring = None
    if "recurring" in given:
        recurring = blank(stripe.Price.Recurring) | {
            "interval": given["recurring"]["interval"],
            "interval_count": given["recurring"].get("interval_count", 1),
            "usage_type": "licensed",
        }
    found = call.new(
        stripe.Price,
        "price",
        product=given["product"],
        currency=given["currency"].lower(),
        unit_amount=given["unit_amount"],
        unit_amount_decimal=str(given["unit_amount"]),
        active=given.get("active", True),
        billing_scheme="per_unit",
        type="recurring" if recurring else "one_time",
        recurring=recurring,
        tax_behavior=given.get("tax_behavior", "unspecified"),
        nickname=given.get("nickname"),
    )
    _take_lookup_key(call, found)
    merge_metadata(found, given)
    return call.save(found, "price.created")


def _take_lookup_key(call: Call, found: Obj) -> None:
    """One price has it: taken from another one on demand, else refused."""
    transfer = call.params.get("transfer_lookup_key", False)
    if "lookup_key" not in call.params:
        return
    wanted = call.params["lookup_key"] or None
    for other in call.store.every("price"):
        if (
            wanted is None
            or other["lookup_key"] != wanted
            or other["id"] == found["id"]
        ):
            continue
        if not transfer:
            raise ApiError(
                f"A price (`{other['id']}`) already uses that lookup key.",
                param="lookup_key",
            )
        before = dict(other)
        other["lookup_key"] = None
        call.save(other, "price.updated", before)
    found["lookup_key"] = wanted


@handles("GET /v1/prices/{price}")
def retrieve_price(call: Call) -> Obj:
    return call.get(call.ids[0], "price")


@handles("POST /v1/prices/{price}")
def update_price(call: Call) -> Obj:
    found = call.get(call.ids[0], "price")
    before = dict(found)
    for name in ("active", "nickname", "tax_behavior"):
        if name in call.params:
            found[name] = call.params[name]
    _take_lookup_key(call, found)
    merge_metadata(found, call.params)
    return call.save(found, "price.updated", before)


@handles("GET /v1/prices")
def every_price(call: Call) -> Obj:
    found = call.store.every("price")
    for name in ("active", "product", "currency"):
        if name in call.params:
            found = [p for p in found if p[name] == call.params[name]]
    if "lookup_keys" in call.params:
        found = [p for p in found if p["lookup_key"] in call.params["lookup_keys"]]
    return call.listed(found)
