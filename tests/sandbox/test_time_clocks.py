"""The sandbox's own clock, and the test clocks of customers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import stripe

from tests.sandbox.shop import CheckedHttp, Shop
from tests.sandbox_process import SandboxProcess, start_sandbox

DAY = 86_400
NOON = 1_800_000_000


def test_time_moves_forward_by_order(sandbox: SandboxProcess, shop: Shop) -> None:
    before = sandbox.now()

    sandbox.advance(40 * DAY)

    assert 0 <= sandbox.now() - before - 40 * DAY < 5
    assert shop.customer().created >= before + 40 * DAY


def test_time_moves_to_an_instant_and_not_back(sandbox: SandboxProcess) -> None:
    wanted = sandbox.now() + DAY

    assert sandbox.advance(to=wanted) - wanted < 5
    with pytest.raises(Exception, match="400"):
        sandbox.advance(to=wanted - 10)


def test_a_reset_makes_it_real_time_again(sandbox: SandboxProcess) -> None:
    sandbox.advance(40 * DAY)

    sandbox.reset()

    assert abs(sandbox.now() - time.time()) < 5


def test_a_moved_clock_survives_a_kill(tmp_path: Path) -> None:
    first = start_sandbox(tmp_path)
    moved = first.advance(400 * DAY)
    first.process.kill()
    first.process.wait()

    second = start_sandbox(tmp_path)

    assert 0 <= second.now() - moved < 20
    second.stop()


def test_a_customer_of_a_test_clock_lives_in_its_time(shop: Shop) -> None:
    held = shop.v1.test_helpers.test_clocks.create({"frozen_time": NOON})
    customer = shop.customer(card="pm_card_visa", test_clock=held.id)

    bought = shop.subscribe(customer.id, shop.price(interval="month"))

    assert (bought.created, bought.test_clock) == (NOON, held.id)
    assert shop.invoice_of(bought).status_transitions.paid_at == NOON
    assert {e.created for e in shop.events("invoice.paid")} == {NOON}


def test_a_test_clock_is_advancing_and_then_ready(shop: Shop) -> None:
    clocks = shop.v1.test_helpers.test_clocks
    held = clocks.create({"frozen_time": NOON})

    sent = clocks.advance(held.id, {"frozen_time": NOON + 30 * DAY})

    assert sent.status == "advancing"
    assert sent.status_details.advancing.target_frozen_time == NOON + 30 * DAY
    assert shop.arrived(held.id) == NOON + 30 * DAY
    assert [e.type.split(".")[-1] for e in shop.events()] == [
        "ready",
        "advancing",
        "created",
    ]


def test_the_own_clock_leaves_customers_of_a_test_clock_alone(
    sandbox: SandboxProcess, shop: Shop
) -> None:
    held = shop.v1.test_helpers.test_clocks.create({"frozen_time": NOON})
    customer = shop.customer(card="pm_card_visa", test_clock=held.id)
    waiting = shop.subscribe(
        customer.id, shop.price(), payment_behavior="default_incomplete"
    )

    sandbox.advance(5 * DAY)

    assert shop.v1.subscriptions.retrieve(waiting.id).status == "incomplete"


@pytest.mark.parametrize("target", [NOON, NOON - 1, NOON + 63 * DAY])
def test_a_test_clock_goes_forward_and_two_periods_at_most(
    shop: Shop, target: int
) -> None:
    clocks = shop.v1.test_helpers.test_clocks
    held = clocks.create({"frozen_time": NOON})
    customer = shop.customer(card="pm_card_visa", test_clock=held.id)
    shop.subscribe(customer.id, shop.price(interval="month"))

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        clocks.advance(held.id, {"frozen_time": target})
    assert refusal.value.param == "frozen_time"


def test_a_deleted_test_clock_takes_its_customers_along(shop: Shop) -> None:
    held = shop.v1.test_helpers.test_clocks.create({"frozen_time": NOON})
    customer = shop.customer(card="pm_card_visa", test_clock=held.id)
    bought = shop.subscribe(customer.id, shop.price())

    shop.v1.test_helpers.test_clocks.delete(held.id)

    assert shop.v1.subscriptions.retrieve(bought.id).status == "canceled"
    assert shop.v1.customers.list({"test_clock": held.id}).data == []
    assert [e.type for e in shop.events()][:2] == [
        "test_helpers.test_clock.deleted",
        "customer.deleted",
    ]


def test_a_list_of_customers_leaves_test_clocks_out(shop: Shop) -> None:
    held = shop.v1.test_helpers.test_clocks.create({"frozen_time": NOON})
    inside = shop.customer(test_clock=held.id)
    outside = shop.customer()

    everyone = shop.v1.customers.list().data
    of_clock = shop.v1.customers.list({"test_clock": held.id}).data

    assert [c.id for c in everyone] == [outside.id]
    assert [c.id for c in of_clock] == [inside.id]


def test_a_list_of_subscriptions_leaves_test_clocks_out(shop: Shop) -> None:
    held = shop.clock(NOON)
    customer = shop.customer(card="pm_card_visa", test_clock=held)
    inside = shop.subscribe(customer.id, shop.price())
    subscriptions = shop.v1.subscriptions

    assert subscriptions.list().data == []
    assert subscriptions.list({"test_clock": held}).data[0].id == inside.id
    assert subscriptions.list({"customer": customer.id}).data[0].id == inside.id


def test_a_first_payment_that_nobody_finishes_is_given_up_after_23_hours(
    sandbox: SandboxProcess, shop: Shop, http: CheckedHttp
) -> None:
    bought = shop.subscribe(
        shop.customer(card="pm_card_visa").id,
        shop.price(),
        payment_behavior="default_incomplete",
    )
    sandbox.advance(to=bought.created + 23 * 3600 - 1)
    assert shop.v1.subscriptions.retrieve(bought.id).status == "incomplete"

    sandbox.advance(3)

    found = shop.v1.subscriptions.retrieve(bought.id)
    assert found.status == "incomplete_expired"
    assert found.ended_at == bought.created + 23 * 3600
    assert shop.invoice_of(bought).status == "void"


def test_a_checkout_page_is_over_after_a_day(
    sandbox: SandboxProcess, shop: Shop
) -> None:
    session = shop.v1.checkout.sessions.create(
        {
            "mode": "setup",
            "customer": shop.customer().id,
            "currency": "eur",
            "success_url": "http://127.0.0.1/done",
        }
    )

    sandbox.advance(DAY + 1)

    found = shop.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert (found.status, found.url) == ("expired", None)
    assert found.setup_intent.status == "canceled"
    told = shop.events("checkout.session.expired")
    assert [event.created for event in told] == [session.expires_at]
