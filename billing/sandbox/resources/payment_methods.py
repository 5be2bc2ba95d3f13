"""Cards as Stripe keeps them: brand, last four digits, fingerprint."""

from __future__ import annotations

import copy
import datetime as dt

import stripe

from billing.sandbox.call import Call, merge_metadata
from billing.sandbox.cards import (
    CARDS,
    NAMED,
    NAMED_LAST,
    TestCard,
    check_expiry,
    declined,
    fingerprint,
    test_card,
)
from billing.sandbox.contract import blank
from billing.sandbox.resources import handles
from billing.sandbox.wire import ApiError, Obj


def make_card(call: Call, *, number: str, month: int, year: int, name: str = "") -> Obj:
    """A new payment method, not attached to anybody. Raises ApiError."""
    behaviour = test_card(number)
    check_expiry(month, year, call.now)
    card = blank(stripe.PaymentMethod.Card) | {
        "brand": behaviour.brand,
        "last4": behaviour.number[-4:],
        "exp_month": month,
        "exp_year": year,
        "fingerprint": fingerprint(behaviour.number),
        "funding": "credit",
        "country": "US",
        "display_brand": behaviour.brand,
    }
    found = call.new(
        stripe.PaymentMethod,
        "pm",
        type="card",
        card=card,
        allow_redisplay="unspecified",
        customer=None,
        billing_details=blank(stripe.PaymentMethod.BillingDetails),
        _number=behaviour.number,
    )
    found["billing_details"]["name"] = name or None
    return call.store.put(found)


def card_of(call: Call, method_id: str) -> Obj:
    """A stored payment method; `pm_card_visa` and its like are made on the spot."""
    if method_id in NAMED:
        year = dt.datetime.fromtimestamp(call.now, dt.UTC).year + NAMED_LAST
        return make_card(call, number=NAMED[method_id], month=12, year=year)
    return call.get(method_id, "payment_method")


def behaviour_of(method: Obj) -> TestCard:
    return CARDS[method["_number"]]


def attach(call: Call, method: Obj, customer_id: str) -> Obj:
    """Bind a card to a customer, for good. Raises ApiError."""
    call.get(customer_id, "customer")
    if method["customer"] == customer_id:
        return method
    if method["customer"] is not None or method.get("_detached"):
        raise ApiError(
            "This PaymentMethod was previously used or attached, and can't be attached"
            " again.",
            "payment_method_unexpected_state",
        )
    refusal = behaviour_of(method).entering
    if refusal:
        raise declined(refusal)
    method["customer"] = customer_id
    return call.save(method, "payment_method.attached")


@handles("GET /v1/payment_methods/{payment_method}")
def retrieve(call: Call) -> Obj:
    return card_of(call, call.ids[0])


@handles("POST /v1/payment_methods/{payment_method}")
def update(call: Call) -> Obj:
    found = call.get(call.ids[0], "payment_method")
    if found["customer"] is None:
        raise ApiError(
            "You must save this PaymentMethod to a customer before you can update it."
        )
    before = copy.deepcopy(found)
    dates = call.params.get("card", {})
    month = int(dates.get("exp_month", found["card"]["exp_month"]))
    year = int(dates.get("exp_year", found["card"]["exp_year"]))
    check_expiry(month, year, call.now)
    found["card"] |= {"exp_month": month, "exp_year": year}
    _bill_to(found["billing_details"], call.params.get("billing_details", {}))
    merge_metadata(found, call.params)
    return call.save(found, "payment_method.updated", before)


def _bill_to(details: Obj, given: Obj) -> None:
    """Of the address, too, only the parts that are given change."""
    given = dict(given)
    if "address" in given:
        address = details["address"] or blank(
            stripe.PaymentMethod.BillingDetails.Address
        )
        parts = given.pop("address") or dict.fromkeys(address)
        details["address"] = {**address, **{k: v or None for k, v in parts.items()}}
    details |= {name: value or None for name, value in given.items()}


@handles("POST /v1/payment_methods/{payment_method}/attach")
def attach_one(call: Call) -> Obj:
    return attach(call, card_of(call, call.ids[0]), call.params["customer"])


@handles("POST /v1/payment_methods/{payment_method}/detach")
def detach(call: Call) -> Obj:
    found = call.get(call.ids[0], "payment_method")
    if found["customer"] is None:
        raise ApiError("The payment method isn't attached to a customer.")
    return let_go(call, found)


def let_go(call: Call, found: Obj) -> Obj:
    """Take a card off its customer, for good, and wherever it was the default."""
    customer = call.get(found["customer"], "customer")
    if customer["invoice_settings"]["default_payment_method"] == found["id"]:
        before = copy.deepcopy(customer)
        customer["invoice_settings"]["default_payment_method"] = None
        call.save(customer, "customer.updated", before)
    for subscription in call.store.every("subscription", customer["id"]):
        if subscription["default_payment_method"] == found["id"]:
            before = dict(subscription)
            subscription["default_payment_method"] = None
            call.save(subscription, "customer.subscription.updated", before)
    before = dict(found)
    found |= {"customer": None, "_detached": True}
    return call.save(found, "payment_method.detached", before)


def own_card(call: Call, method_id: str, customer_id: str, param: str) -> str:
    """The id of a card that belongs to the customer. Raises ApiError for another."""
    if call.get(method_id, "payment_method")["customer"] != customer_id:
        raise ApiError(
            f"The customer does not have a payment method with the ID {method_id}. The"
            " payment method must be attached to the customer.",
            "resource_missing",
            param,
        )
    return method_id


@handles("GET /v1/payment_methods")
def every(call: Call) -> Obj:
    return _listed(call, call.params.get("customer", ""))


def _listed(call: Call, customer_id: str) -> Obj:
    found = call.store.every("payment_method", customer_id)
    wanted = call.params.get("type", "card")
    return call.listed([method for method in found if method["type"] == wanted])


@handles("GET /v1/customers/{customer}/payment_methods")
def every_of_customer(call: Call) -> Obj:
    call.get(call.ids[0], "customer")
    return _listed(call, call.ids[0])


@handles("GET /v1/customers/{customer}/payment_methods/{payment_method}")
def retrieve_of_customer(call: Call) -> Obj:
    customer = call.get(call.ids[0], "customer")
    found = call.get(call.ids[1], "payment_method")
    if found["customer"] != customer["id"]:
        raise call.missing("payment_method", found["id"])
    return found
