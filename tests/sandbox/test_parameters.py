"""Parameters are refused exactly where the client's own types refuse them."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
import requests
import stripe

from billing.sandbox.contract import Operation, check_params, operations
from billing.sandbox.resources import HANDLERS, load
from billing.sandbox.wire import ApiError, decode
from tests.sandbox.parameters import Case, cases
from tests.sandbox.shop import Shop
from tests.sandbox_process import SandboxProcess

load()
BUILT = [operation for operation in operations() if operation.name in HANDLERS]


def refusal(operation: Operation, case: Case) -> tuple[str, str]:
    """The parameter and code of what the sandbox says to a form; "" for nothing."""
    try:
        check_params(operation, decode(urlencode(case.form)))
    except ApiError as error:
        return error.param, error.envelope.get("code", "")
    return "", ""


def fits(case: Case, param: str, code: str) -> bool:
    if not case.param:
        return not param
    # An object where a list is wanted, say, may be refused at what is inside.
    return param.startswith(case.param) and case.code in {"", code}


@pytest.mark.parametrize("operation", BUILT, ids=lambda operation: operation.name)
def test_parameters_are_refused_exactly_where_the_types_do(
    operation: Operation,
) -> None:
    wrong = []
    for case in cases(operation.params) if operation.params else ():
        param, code = refusal(operation, case)
        if not fits(case, param, code):
            wrong.append((case.form, case.param or "fine", param or "taken", code))

    assert wrong == []


def test_the_cases_are_many() -> None:
    # An empty list would prove nothing.
    every = [case for each in BUILT if each.params for case in cases(each.params)]

    assert len([case for case in every if case.param]) > 10_000
    assert len([case for case in every if not case.param]) > 5_000
    assert len([case for case in every if case.code == "parameter_missing"]) > 50


@pytest.mark.parametrize("form", ["=1", "[]=1", "metadata=1", "metadata[a][b]=1"])
def test_a_form_that_makes_no_sense_is_refused(
    sandbox: SandboxProcess, form: str
) -> None:
    answer = requests.post(
        f"{sandbox.base}/v1/customers", form, auth=("sk_test_x", ""), timeout=20
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "metadata",
    [{"a": "b" * 501}, {"k" * 41: "b"}, {f"key-{i}": "b" for i in range(51)}],
    ids=["long value", "long key", "many keys"],
)
def test_metadata_has_its_limits(shop: Shop, metadata: dict[str, str]) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="metadata"):
        shop.v1.customers.create({"metadata": metadata})
