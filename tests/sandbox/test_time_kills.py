"""A sandbox that is killed while time moves goes on where it was."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pytest
import requests
import stripe

from tests.sandbox.shop import CheckedHttp, Shop
from tests.sandbox_process import SandboxProcess, start_sandbox

DAY = 86_400
CUSTOMERS = 6
START = 1_800_014_400


def kill_on_the_way(process: SandboxProcess, until: int, passed: int) -> None:
    """Order a move from a thread, and kill the sandbox when an instant has passed."""

    def move() -> None:
        with contextlib.suppress(requests.RequestException):
            process.advance(to=until)

    mover = threading.Thread(target=move)
    mover.start()
    while process.now() < passed:
        pass
    process.process.kill()
    process.process.wait()
    mover.join()


def check(shop: Shop, bought: list[stripe.Subscription]) -> None:
    """Every period of 200 days once, paid, and told in the order of time."""
    for subscription in bought:
        found = shop.v1.invoices.list({"subscription": subscription.id}).data
        starts = {invoice.lines.data[0].period.start for invoice in found}
        assert len(starts) == len(found) == 7
        assert {invoice.status for invoice in found} == {"paid"}
    events = [event.created for event in shop.events("invoice.created")]
    assert len(events) == 7 * CUSTOMERS
    assert events == sorted(events, reverse=True)


@pytest.mark.parametrize("days", [20, 100])
def test_a_killed_move_is_taken_up_by_the_next(
    tmp_path: Path, http: CheckedHttp, days: int
) -> None:
    process = start_sandbox(tmp_path)
    shop = Shop(process.base, http)
    price = shop.price(interval="month")
    bought = [
        shop.subscribe(shop.customer(card="pm_card_visa").id, price)
        for _ in range(CUSTOMERS)
    ]
    until = bought[-1].created + 200 * DAY

    kill_on_the_way(process, until, bought[-1].created + days * DAY)
    process = start_sandbox(tmp_path)
    assert process.now() < until
    process.advance(to=until)

    check(Shop(process.base, http), bought)
    assert process.violations() == []
    process.stop()


def test_a_test_clock_arrives_after_a_kill(tmp_path: Path, http: CheckedHttp) -> None:
    process = start_sandbox(tmp_path)
    shop = Shop(process.base, http)
    clock = shop.clock(START)
    customer = shop.customer(card="pm_card_visa", test_clock=clock)
    shop.subscribe(customer.id, shop.price(interval="month"))
    target = START + 45 * DAY
    shop.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": target})
    process.process.kill()
    process.process.wait()

    process = start_sandbox(tmp_path)
    shop = Shop(process.base, http)

    assert shop.arrived(clock) == target
    found = shop.v1.invoices.list({"customer": customer.id}).data
    assert [invoice.status for invoice in found] == ["paid", "paid"]
    process.stop()
