"""Customers and their tax ids."""

from __future__ import annotations

import secrets
import string
from typing import Any

import stripe

from billing.sandbox import endings, vat_numbers
from billing.sandbox.call import Call, created_within, merge_metadata
from billing.sandbox.clock import TEST_CLOCK
from billing.sandbox.contract import blank
from billing.sandbox.resources import handles
from billing.sandbox.resources.payment_methods import let_go, own_card
from billing.sandbox.wire import ApiError, Obj

PLAIN = ("name", "email", "phone", "description", "tax_exempt", "preferred_locales")


@handles("POST /v1/customers")
def create(call: Call) -> Obj:
    letters = string.ascii_uppercase + string.digits
    prefix = "".join(secrets.choice(letters) for _ in range(8))
    found = call.new(
        stripe.Customer,
        "cus",
        invoice_prefix=prefix,
        next_invoice_sequence=1,
        balance=0,
        delinquent=False,
        tax_exempt="none",
        invoice_settings=blank(stripe.Customer.InvoiceSettings),
        preferred_locales=[],
        test_clock=_clock(call),
    )
    _fill(found, call.params)
    call.save(found, "customer.created")
    for place, number in enumerate(call.params.get("tax_id_data", [])):
        _add_tax_id(call, found["id"], number, f"tax_id_data[{place}][value]")
    return found


def _clock(call: Call) -> str | None:
    wanted = call.params.get("test_clock")
    return str(call.get(wanted, TEST_CLOCK)["id"]) if wanted else None


@handles("GET /v1/customers/{customer}")
def retrieve(call: Call) -> Obj:
    """Of a deleted customer no more than that."""
    return call.store.buried(call.ids[0]) or call.get(call.ids[0], "customer")


@handles("POST /v1/customers/{customer}")
def update(call: Call) -> Obj:
    found = call.get(call.ids[0], "customer")
    before = dict(found)
    card = call.params.get("invoice_settings", {}).get("default_payment_method")
    if card:
        own_card(call, card, found["id"], "invoice_settings[default_payment_method]")
    _fill(found, call.params)
    return call.save(found, "customer.updated", before)


@handles("DELETE /v1/customers/{customer}")
def delete(call: Call) -> Obj:
    """What was bought ends at once; the invoices stay."""
    found = call.get(call.ids[0], "customer")
    for subscription in call.store.every("subscription", found["id"]):
        if subscription["status"] == "incomplete":
            endings.void_open(call, subscription)
        if subscription["status"] not in {"canceled", "incomplete_expired"}:
            endings.cancel_now(call, subscription, reason="cancellation_requested")
    for card in call.store.every("payment_method", found["id"]):
        let_go(call, card)
    for number in call.store.every("tax_id", found["id"]):
        call.store.delete(number["id"])
    found = call.get(found["id"], "customer")
    call.store.bury(found["id"])
    call.emit("customer.deleted", found)
    return {"id": found["id"], "object": "customer", "deleted": True}


@handles("GET /v1/customers")
def every(call: Call) -> Obj:
    found = call.store.every("customer")
    if "email" in call.params:
        found = [c for c in found if c["email"] == call.params["email"]]
    # Those of a test clock are found only when they are asked for.
    wanted = call.params.get("test_clock")
    found = [c for c in found if c["test_clock"] == wanted]
    return call.listed(created_within(found, call.params.get("created")))


def _fill(found: Obj, params: Obj) -> None:
    for name in PLAIN:
        if name in params:
            found[name] = params[name] or None
    if "address" in params:
        found["address"] = _address(params["address"])
    if "invoice_settings" in params:
        found["invoice_settings"] = {
            **found["invoice_settings"],
            **_invoice_settings(params["invoice_settings"]),
        }
    merge_metadata(found, params)


def _address(given: Any) -> Obj | None:
    if not given:
        return None
    address = blank(stripe.Customer.Address)
    return {**address, **{k: v or None for k, v in given.items()}}


def _invoice_settings(given: Obj) -> Obj:
    return {k: v or None for k, v in given.items()}


@handles("POST /v1/customers/{customer}/tax_ids")
def create_tax_id(call: Call) -> Obj:
    customer = call.get(call.ids[0], "customer")
    return _add_tax_id(call, customer["id"], call.params, "value")


def _add_tax_id(call: Call, customer_id: str, given: Obj, param: str) -> Obj:
    """Only the form is checked at once; the digits say how the register answers.

    111111111 is unverified, 222222222 pending, everything else verified.
    Source: https://docs.stripe.com/billing/customer/tax-ids
    """
    value = vat_numbers.cleaned(given["value"])
    if given["type"] == "eu_vat" and not vat_numbers.has_form(value):
        raise ApiError("Invalid value for eu_vat.", "tax_id_invalid", param)
    taken = {(n["type"], n["value"]) for n in call.store.every("tax_id", customer_id)}
    if (given["type"], value) in taken:
        raise ApiError(
            "The customer has this tax ID already.", "resource_already_exists", param
        )
    status = "verified"
    if "111111111" in value:
        status = "unverified"
    elif "222222222" in value:
        status = "pending"
    verification = blank(stripe.TaxId.Verification) | {"status": status}
    found = call.new(
        stripe.TaxId,
        "txi",
        customer=customer_id,
        type=given["type"],
        value=value,
        country=vat_numbers.country_of(value),
        verification=verification,
    )
    return call.save(found, "customer.tax_id.created")


@handles("GET /v1/customers/{customer}/tax_ids/{id}")
def retrieve_tax_id(call: Call) -> Obj:
    return _own_tax_id(call)


def _own_tax_id(call: Call) -> Obj:
    customer = call.get(call.ids[0], "customer")
    found = call.get(call.ids[1], "tax_id")
    if found["customer"] != customer["id"]:
        raise call.missing("tax_id", found["id"])
    return found


@handles("GET /v1/customers/{customer}/tax_ids")
def every_tax_id(call: Call) -> Obj:
    call.get(call.ids[0], "customer")
    return call.listed(call.store.every("tax_id", call.ids[0]))


@handles("DELETE /v1/customers/{customer}/tax_ids/{id}")
def delete_tax_id(call: Call) -> Obj:
    found = _own_tax_id(call)
    call.store.delete(found["id"])
    call.emit("customer.tax_id.deleted", found)
    return {"id": found["id"], "object": "tax_id", "deleted": True}
