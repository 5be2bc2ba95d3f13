"""One key, one effect: whoever asks again gets the first answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.sandbox.shop import CheckedHttp, Shop
from tests.sandbox_process import SandboxProcess

KEY: stripe.RequestOptions = {"idempotency_key": "order-1"}


def test_the_same_key_gives_the_same_answer(shop: Shop) -> None:
    first = shop.v1.customers.create({"name": "Anna"}, KEY)
    again = shop.v1.customers.create({"name": "Anna"}, KEY)

    assert again.to_dict() == first.to_dict()
    assert len(shop.v1.customers.list().data) == 1


def test_the_same_key_with_other_parameters_is_refused(shop: Shop) -> None:
    shop.v1.customers.create({"name": "Anna"}, KEY)

    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        shop.v1.customers.create({"name": "Bram"}, KEY)


def test_the_same_key_at_another_address_is_refused(shop: Shop) -> None:
    shop.v1.customers.create({"name": "Anna"}, KEY)

    with pytest.raises(stripe.IdempotencyError):
        shop.v1.products.create({"name": "Anna"}, KEY)


def test_a_key_that_is_at_work_is_refused_with_409(
    shop: Shop, sandbox: SandboxProcess
) -> None:
    sandbox.fault("slow_during", "POST", "/v1/customers", seconds=0.5)

    def create(_: int) -> object:
        try:
            return shop.v1.customers.create({"name": "Anna"}, KEY).id
        except stripe.StripeError as error:
            return error.http_status

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(create, range(2)))

    assert 409 in answers
    assert len(shop.v1.customers.list().data) == 1


def test_twenty_at_once_make_one(sandbox: SandboxProcess, http: CheckedHttp) -> None:
    shop = Shop(sandbox.base, http, retries=8)

    def create(_: int) -> str:
        return shop.v1.customers.create({"name": "Anna"}, KEY).id

    with ThreadPoolExecutor(20) as threads:
        ids = set(threads.map(create, range(20)))

    assert len(ids) == 1
    assert len(shop.v1.customers.list().data) == 1


def test_a_decline_is_kept(shop: Shop) -> None:
    customer = shop.customer(card="pm_card_chargeCustomerFail")
    price_id = shop.price()
    order = {
        "customer": customer.id,
        "items": [{"price": price_id}],
        "payment_behavior": "error_if_incomplete",
    }
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            shop.v1.subscriptions.create(order, KEY)
        shop.give_card(customer.id, "pm_card_visa")

    assert shop.v1.subscriptions.list({"status": "all"}).data == []


def test_a_request_that_was_never_begun_leaves_its_key_free(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.customers.create({"colour": "red"}, KEY)

    assert shop.v1.customers.create({"name": "Anna"}, KEY).name == "Anna"


def test_an_event_tells_the_request_and_the_key_that_caused_it(shop: Shop) -> None:
    made = shop.v1.customers.create({"name": "Anna"}, KEY)
    again = shop.v1.customers.create({"name": "Anna"}, KEY)

    events = shop.events("customer.created")
    assert len(events) == 1
    assert events[0].request is not None
    assert events[0].request.idempotency_key == "order-1"
    assert events[0].request.id == made.last_response.request_id
    # A request of its own, that caused nothing.
    assert again.last_response.request_id != made.last_response.request_id
    assert "idempotent-replayed" not in made.last_response.headers
    assert again.last_response.headers["idempotent-replayed"] == "true"


def test_every_request_has_an_id_of_its_own(shop: Shop) -> None:
    ids = {shop.v1.events.list().last_response.request_id for _ in range(5)}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.v1.events.retrieve("evt_none")

    assert len(ids) == 5
    assert str(refusal.value.request_id).startswith("req_")
    assert refusal.value.request_id not in ids


def test_a_key_is_forgotten_after_a_day(shop: Shop, sandbox: SandboxProcess) -> None:
    first = shop.v1.customers.create({"name": "Anna"}, KEY)
    sandbox.advance(23 * 3600)
    same = shop.v1.customers.create({"name": "Anna"}, KEY)
    sandbox.advance(2 * 3600)
    other = shop.v1.customers.create({"name": "Anna"}, KEY)

    assert same.id == first.id
    assert other.id != first.id
