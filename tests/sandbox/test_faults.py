"""What a network and a busy server do, and what Stripe's client makes of it."""

from __future__ import annotations

import contextlib
import signal
import time
from pathlib import Path

import pytest
import stripe

from tests.sandbox.shop import CheckedHttp, Shop
from tests.sandbox_process import SandboxProcess, start_sandbox

CUSTOMERS = "/v1/customers"


@pytest.fixture
def patient(sandbox: SandboxProcess, http: CheckedHttp) -> Shop:
    """A client as the portal's is: it asks again twice."""
    return Shop(sandbox.base, http, retries=2)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("drop_before", stripe.APIConnectionError),
        ("drop_after", stripe.APIConnectionError),
        ("500_before", stripe.APIError),
        ("500_after", stripe.APIError),
        ("500_kept", stripe.APIError),
        ("429", stripe.RateLimitError),
        ("409", stripe.APIError),
    ],
)
def test_a_fault_is_an_error_of_the_client(
    shop: Shop, sandbox: SandboxProcess, kind: str, error: type[Exception]
) -> None:
    sandbox.fault(kind, "POST", CUSTOMERS)

    with pytest.raises(error):
        shop.v1.customers.create({"name": "Anna"})

    done = len(shop.v1.customers.list().data)
    assert done == (1 if kind.endswith(("_after", "_kept")) else 0)


@pytest.mark.parametrize(
    "kind", ["drop_before", "drop_after", "500_before", "500_after", "409"]
)
def test_asking_again_makes_one(
    patient: Shop, sandbox: SandboxProcess, kind: str
) -> None:
    sandbox.fault(kind, "POST", CUSTOMERS)

    patient.v1.customers.create({"name": "Anna"})

    calls = sandbox.calls("POST", CUSTOMERS)
    assert len(calls) == 2
    assert len({call["key"] for call in calls}) == 1
    assert len(patient.v1.customers.list().data) == 1


def test_too_many_requests_are_not_tried_again(
    patient: Shop, sandbox: SandboxProcess
) -> None:
    sandbox.fault("429", "POST", CUSTOMERS)

    with pytest.raises(stripe.RateLimitError):
        patient.v1.customers.create({"name": "Anna"})

    assert len(sandbox.calls("POST", CUSTOMERS)) == 1


def test_a_server_that_stays_down_is_given_up(
    patient: Shop, sandbox: SandboxProcess
) -> None:
    sandbox.fault("500_before", "POST", CUSTOMERS, times=3)

    with pytest.raises(stripe.APIError):
        patient.v1.customers.create({"name": "Anna"})

    assert len(sandbox.calls("POST", CUSTOMERS)) == 3


@pytest.mark.parametrize(("kind", "done"), [("slow_before", 1), ("slow_after", 1)])
def test_an_answer_that_comes_too_late_was_done_all_the_same(
    sandbox: SandboxProcess, kind: str, done: int
) -> None:
    sandbox.fault(kind, "POST", CUSTOMERS, seconds=0.6)
    http = stripe.RequestsClient(timeout=(2, 0.2))
    hasty = stripe.StripeClient(
        "sk_test_x", base_addresses={"api": sandbox.base}, http_client=http
    )

    with pytest.raises(stripe.APIConnectionError):
        hasty.v1.customers.create({"name": "Anna"})

    time.sleep(0.7)
    assert len(hasty.v1.customers.list().data) == done
    http.close()


def test_a_fault_is_for_its_verb_and_path_and_counted(
    shop: Shop, sandbox: SandboxProcess
) -> None:
    sandbox.fault("500_before", "POST", CUSTOMERS, times=2)
    shop.v1.products.create({"name": "Other"})
    shop.v1.customers.list()

    for _ in range(2):
        with pytest.raises(stripe.APIError):
            shop.v1.customers.create({"name": "Anna"})
    assert shop.v1.customers.create({"name": "Anna"}).name == "Anna"


def test_a_500_that_is_kept_is_the_answer_for_ever(
    shop: Shop, sandbox: SandboxProcess
) -> None:
    sandbox.fault("500_kept", "POST", CUSTOMERS)

    for _ in range(2):
        with pytest.raises(stripe.APIError):
            shop.v1.customers.create({"name": "Anna"}, {"idempotency_key": "k1"})

    assert len(shop.v1.customers.list().data) == 1


@pytest.mark.parametrize(
    ("path", "failing"),
    [
        (CUSTOMERS, [1, 2, 3, 4]),
        (f"{CUSTOMERS}$", [1, 2]),
        (f"{CUSTOMERS}/*", [3]),
        (f"{CUSTOMERS}/*/tax_ids", [4]),
        ("/v1/*", [1, 2]),
    ],
)
def test_a_path_is_a_prefix_or_a_pattern(
    shop: Shop, sandbox: SandboxProcess, path: str, failing: list[int]
) -> None:
    customer = shop.customer()
    sandbox.fault("500_before", path=path, times=9)
    calls = [
        lambda: shop.v1.customers.create({"name": "Anna"}),
        lambda: shop.v1.customers.list(),
        lambda: shop.v1.customers.retrieve(customer.id),
        lambda: shop.v1.customers.tax_ids.list(customer.id),
    ]
    failed = []
    for place, call in enumerate(calls, start=1):
        try:
            call()
        except stripe.APIError:
            failed.append(place)

    assert failed == failing


def test_some_pass_before_a_fault(shop: Shop, sandbox: SandboxProcess) -> None:
    sandbox.fault("drop_before", "GET", f"{CUSTOMERS}$", skip=2)
    sandbox.fault("500_before", "GET", f"{CUSTOMERS}$", skip=3)
    seen = []
    for _ in range(6):
        try:
            shop.v1.customers.list()
            seen.append("")
        except stripe.StripeError as error:
            seen.append(type(error).__name__)

    assert seen == ["", "", "APIConnectionError", "", "APIError", ""]
    assert sandbox.look("faults")["faults"] == []


@pytest.mark.parametrize(
    ("kind", "advice", "tries"),
    [("429", True, 2), ("429", None, 1), ("409", False, 1), ("500_after", False, 1)],
)
def test_the_advice_to_retry_is_followed(
    patient: Shop, sandbox: SandboxProcess, kind: str, advice: bool | None, tries: int
) -> None:
    sandbox.fault(kind, "POST", CUSTOMERS, should_retry=advice)

    with contextlib.suppress(stripe.StripeError):
        patient.v1.customers.create({"name": "Anna"})

    assert len(sandbox.calls("POST", CUSTOMERS)) == tries


@pytest.mark.parametrize(("kind", "done"), [("kill_before", 0), ("kill_after", 1)])
def test_a_sandbox_that_is_killed_has_done_all_or_nothing(
    tmp_path: Path, http: CheckedHttp, kind: str, done: int
) -> None:
    sandbox = start_sandbox(tmp_path)
    shop = Shop(sandbox.base, http)
    sandbox.fault(kind, "POST", CUSTOMERS)

    with pytest.raises(stripe.APIConnectionError):
        shop.v1.customers.create({"name": "Anna"}, {"idempotency_key": "k1"})

    assert sandbox.process.wait(10) == -signal.SIGKILL
    sandbox.restart()
    assert len(shop.v1.customers.list().data) == len(shop.events()) == done
    shop.v1.customers.create({"name": "Anna"}, {"idempotency_key": "k1"})
    assert len(shop.v1.customers.list().data) == 1
    sandbox.stop()


def test_a_fault_that_does_not_exist_is_refused(sandbox: SandboxProcess) -> None:
    with pytest.raises(OSError, match="400"):
        sandbox.fault("earthquake")


def test_calls_are_kept_with_key_parameters_and_status(
    shop: Shop, sandbox: SandboxProcess
) -> None:
    shop.v1.customers.create({"name": "Anna"}, {"idempotency_key": "order-1"})

    call = sandbox.calls("POST", CUSTOMERS)[0]
    assert (call["key"], call["params"], call["status"]) == (
        "order-1",
        "name=Anna",
        200,
    )
