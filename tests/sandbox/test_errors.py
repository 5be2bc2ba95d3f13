"""Errors are Stripe's: status, type, code, decline code and parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe

from tests.sandbox.shop import Shop
from tests.sandbox_process import SandboxProcess

INVALID = "invalid_request_error"
CARD = "card_error"
type Asked = Callable[[Shop], object]
type Told = tuple[int, str, str | None, str | None, str | None]


def post(path: str, **form: object) -> Asked:
    """What a client without types could send."""
    return lambda shop: shop.client.raw_request("post", f"/v1/{path}", **form)


def attach(named: str) -> Asked:
    return lambda shop: shop.v1.payment_methods.attach(
        named, {"customer": shop.customer().id}
    )


def enter(**card: str) -> Asked:
    """A card that is typed into the frame of the card form."""

    def typed(shop: Shop) -> object:
        intent = shop.v1.setup_intents.create({"customer": shop.customer().id})
        good = {"number": "4242424242424242", "exp_month": "12", "exp_year": "40"}
        form = good | {"cvc": "123", "client_secret": str(intent.client_secret)} | card
        return shop.post("/elements/confirm", **form)

    return typed


def buy(card: str, **more: Any) -> Asked:
    def ordered(shop: Shop) -> object:
        customer = shop.customer(card=card)
        return shop.subscribe(
            customer.id,
            shop.price(),
            payment_behavior="error_if_incomplete",
            **more,
        )

    return ordered


def pay(card: str) -> Asked:
    """An invoice that waits is paid with another card."""

    def paid(shop: Shop) -> object:
        customer = shop.customer(card="pm_card_visa")
        bought = shop.subscribe(
            customer.id, shop.price(), payment_behavior="default_incomplete"
        )
        other = shop.give_card(customer.id, card)
        return shop.v1.invoices.pay(
            str(bought.latest_invoice), {"payment_method": other}
        )

    return paid


def pay_twice(shop: Shop) -> object:
    bought = shop.subscribe(shop.customer(card="pm_card_visa").id, shop.price())
    return shop.v1.invoices.pay(str(bought.latest_invoice))


def buy_nothing(shop: Shop) -> object:
    return shop.subscribe(shop.customer().id, "price_none")


def cancel_twice(shop: Shop) -> object:
    bought = shop.subscribe(shop.customer(card="pm_card_visa").id, shop.price())
    shop.v1.subscriptions.cancel(bought.id)
    return shop.v1.subscriptions.cancel(bought.id)


def attach_twice(shop: Shop) -> object:
    card = shop.give_card(shop.customer().id)
    return shop.v1.payment_methods.attach(card, {"customer": shop.customer().id})


def expand_a_name(shop: Shop) -> object:
    return shop.v1.customers.retrieve(shop.customer().id, {"expand": ["name"]})


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        # Parameters.
        (post("products"), (400, INVALID, "parameter_missing", None, "name")),
        (post("products", hue=1), (400, INVALID, "parameter_unknown", None, "hue")),
        (
            post("prices", currency="eur", unit_amount="five"),
            (400, INVALID, "parameter_invalid_integer", None, "unit_amount"),
        ),
        (
            post("customers", tax_exempt="maybe"),
            (400, INVALID, None, None, "tax_exempt"),
        ),
        (expand_a_name, (400, INVALID, None, None, "expand")),
        # What endive took away, and older examples still have.
        (
            post("setup_intents", payment_method_types=["card"]),
            (400, INVALID, "parameter_unknown", None, "payment_method_types"),
        ),
        (
            post("checkout/sessions", mode="setup", payment_method_types=["card"]),
            (400, INVALID, "parameter_unknown", None, "payment_method_types"),
        ),
        (
            post("subscriptions", customer="cus_1", coupon="x"),
            (400, INVALID, "parameter_unknown", None, "coupon"),
        ),
        # What isn't there: 404 in the path, 400 in a parameter.
        (
            lambda shop: shop.v1.customers.retrieve("cus_none"),
            (404, INVALID, "resource_missing", None, "id"),
        ),
        (
            lambda shop: shop.v1.invoices.retrieve("in_none"),
            (404, INVALID, "resource_missing", None, "invoice"),
        ),
        (attach("pm_none"), (404, INVALID, "resource_missing", None, "payment_method")),
        (
            post("setup_intents", customer="cus_none"),
            (400, INVALID, "resource_missing", None, "customer"),
        ),
        (buy_nothing, (400, INVALID, "resource_missing", None, "items[0][price]")),
        (post("no_such_thing"), (404, INVALID, None, None, None)),
        (cancel_twice, (404, INVALID, "resource_missing", None, "id")),
        # What can't be done in this state.
        (pay_twice, (400, INVALID, "invoice_not_open", None, None)),
        (attach_twice, (400, INVALID, "payment_method_unexpected_state", None, None)),
        # Cards.
        (
            attach("pm_card_chargeDeclined"),
            (402, CARD, "card_declined", "generic_decline", None),
        ),
        (
            buy("pm_card_chargeCustomerFail"),
            (402, CARD, "card_declined", "generic_decline", None),
        ),
        (
            pay("pm_card_chargeCustomerFail"),
            (402, CARD, "card_declined", "generic_decline", None),
        ),
        (
            buy("pm_card_authenticationRequired"),
            (402, CARD, "subscription_payment_intent_requires_action", None, None),
        ),
        (
            pay("pm_card_authenticationRequired"),
            (400, INVALID, "invoice_payment_intent_requires_action", None, None),
        ),
        (
            enter(number="4000000000009995"),
            (402, CARD, "card_declined", "insufficient_funds", None),
        ),
        (
            enter(number="4000000000009987"),
            (402, CARD, "card_declined", "lost_card", None),
        ),
        (
            enter(number="4000000000000069"),
            (402, CARD, "expired_card", "expired_card", "exp_month"),
        ),
        (
            enter(number="4000000000000127"),
            (402, CARD, "incorrect_cvc", "incorrect_cvc", "cvc"),
        ),
        (
            enter(number="4000000000000119"),
            (402, CARD, "processing_error", "processing_error", None),
        ),
        (
            enter(number="4111111111111111"),
            (402, CARD, "incorrect_number", None, "number"),
        ),
        (enter(number="4242"), (402, CARD, "incomplete_number", None, "number")),
        (enter(exp_year="20"), (402, CARD, "expired_card", None, "exp_month")),
        (enter(exp_month="13"), (402, CARD, "invalid_expiry_month", None, "exp_month")),
        (enter(cvc="1"), (402, CARD, "incomplete_cvc", None, "cvc")),
    ],
)
def test_an_error_has_stripes_envelope(shop: Shop, ask: Asked, told: Told) -> None:
    try:
        answer = ask(shop)
    except stripe.StripeError as error:
        status, envelope = error.http_status, error.json_body["error"]
    else:
        # The card form speaks to the sandbox itself.
        assert isinstance(answer, requests.Response)
        status, envelope = answer.status_code, answer.json()["error"]

    names = ("type", "code", "decline_code", "param")
    assert (status, *(envelope.get(name) for name in names)) == told
    assert envelope["message"]
    assert ("doc_url" in envelope) == ("code" in envelope)


@pytest.mark.parametrize(
    ("kind", "status", "type_", "code"),
    [
        ("429", 429, INVALID, "rate_limit"),
        ("409", 409, "idempotency_error", "idempotency_key_in_use"),
        ("500_before", 500, "api_error", None),
    ],
)
def test_an_ordered_fault_has_stripes_envelope(
    shop: Shop,
    sandbox: SandboxProcess,
    kind: str,
    status: int,
    type_: str,
    code: str | None,
) -> None:
    sandbox.fault(kind)

    with pytest.raises(stripe.StripeError) as error:
        shop.v1.customers.list()

    envelope = error.value.json_body["error"]
    assert error.value.http_status == status
    assert (envelope["type"], envelope.get("code")) == (type_, code)


@pytest.mark.parametrize(
    ("headers", "status", "says"),
    [
        ({"Authorization": "Bearer sk_live_1234567890"}, 401, "sk_live_***"),
        ({"Authorization": "Bearer rk_live_1234567890"}, 401, "rk_live_***"),
        ({"Authorization": "Bearer pk_test_1"}, 401, "sk_test_"),
        ({"Authorization": "Basic §"}, 401, "did not provide"),
        ({}, 401, "did not provide"),
        (
            {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2020-08-27"},
            400,
            "2026-10-28.endive",
        ),
        ({"Authorization": "Bearer sk_test_1", "Host": "a.example"}, 421, "only"),
    ],
)
def test_only_test_keys_the_pinned_version_and_this_machine_are_served(
    sandbox: SandboxProcess, headers: dict[str, str], status: int, says: str
) -> None:
    sent = {name: value.encode() for name, value in headers.items()}
    answer = requests.get(f"{sandbox.base}/v1/events", headers=sent, timeout=20)

    assert answer.status_code == status
    assert says in answer.json()["error"]["message"]
    assert "1234567890" not in answer.text


def test_it_listens_on_the_loopback_only(sandbox: SandboxProcess) -> None:
    port = int(sandbox.base.rsplit(":", 1)[1])

    assert listening(port) == {"0100007F"}


def listening(port: int) -> set[str]:
    """The addresses, as Linux writes them, at which something listens to a port."""
    found = set()
    for name in ("tcp", "tcp6"):
        with open(f"/proc/net/{name}") as table:
            for line in list(table)[1:]:
                address, _, number = line.split()[1].rpartition(":")
                if int(number, 16) == port and line.split()[3] == "0A":
                    found.add(address)
    return found
