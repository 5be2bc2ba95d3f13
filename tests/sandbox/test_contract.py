"""The sandbox keeps Stripe's contract for the version of the pinned client."""

from __future__ import annotations

import pytest
import requests
import stripe

from billing.sandbox.contract import blank, faults_of, operations
from billing.sandbox.resources import HANDLERS, load
from tests.sandbox.shop import CheckedHttp, Shop
from tests.sandbox.walk import walk
from tests.sandbox_process import SandboxProcess

load()
BUILT = [operation for operation in operations() if operation.name in HANDLERS]


def test_the_clients_operations_are_found() -> None:
    # Another stripe package: read what it changed.
    assert stripe.VERSION.startswith("16.1.")
    assert all(operation.answers is not None for operation in BUILT)
    assert {operation.name for operation in BUILT} == set(HANDLERS)


@pytest.mark.parametrize("operation", BUILT, ids=lambda operation: operation.name)
def test_unknown_parameters_are_refused(
    sandbox: SandboxProcess, operation: object
) -> None:
    verb, path = operation.name.split()
    answer = requests.request(
        verb,
        f"{sandbox.base}{path}",
        params={"colour": "red"} if verb != "POST" else None,
        data={"colour": "red"} if verb == "POST" else None,
        auth=("sk_test_shop", ""),
        timeout=20,
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "parameter_unknown"
    assert answer.json()["error"]["param"] == "colour"


def test_every_operation_answers_in_stripes_shape(
    shop: Shop, http: CheckedHttp
) -> None:
    walk(shop)

    # The answers and events themselves are checked as they come in: see `http`.
    assert set(HANDLERS) - http.seen == set()


def test_an_operation_that_is_not_built_says_so(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        shop.v1.coupons.create({"percent_off": 10, "duration": "once"})


def test_faults_in_an_answer_are_found() -> None:
    wrong = blank(stripe.Customer) | {"object": "customer", "id": 7, "colour": "red"}
    del wrong["invoice_settings"]

    faults = faults_of(wrong, stripe.Customer)

    assert "colour: not in Customer" in faults
    assert "id: 7 is no str" in faults


@pytest.mark.parametrize(
    ("path", "form", "param"),
    [
        ("customers", {"name": "Anna", "balance": "500"}, "balance"),
        ("products", {"name": "Tape", "url": "http://tape.example"}, "url"),
        (
            "prices",
            {
                "currency": "eur",
                "unit_amount": "500",
                "product": "prod_own",
                "recurring[interval]": "month",
                "recurring[meter]": "m",
            },
            "recurring[meter]",
        ),
    ],
)
def test_what_is_not_built_is_refused_and_not_ignored(
    shop: Shop, path: str, form: dict[str, str], param: str
) -> None:
    shop.v1.products.create({"id": "prod_own", "name": "Diagrams"})
    before = len(shop.events())

    answer = requests.post(
        f"{shop.base}/v1/{path}", data=form, auth=("sk_test_x", ""), timeout=20
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert len(shop.events()) == before


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        ({"object": "list", "data": [], "has_more": False}, ".url: None is no str"),
        ({"object": "list", "data": [], "url": "/v1/x"}, ".has_more: None is no bool"),
        (
            {"object": "list", "data": [], "has_more": False, "url": "/v1/x", "n": 1},
            ".n: not in a list",
        ),
        (
            {
                "object": "list",
                "data": [{"id": "cus_1", "deleted": True}],
                "has_more": False,
                "url": "/v1/customers",
            },
            "[0].object: missing",
        ),
    ],
)
def test_faults_in_a_list_are_found(found: dict[str, object], fault: str) -> None:
    assert fault in faults_of(found, stripe.ListObject[stripe.Customer])
