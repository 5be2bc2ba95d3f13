"""Killed at any moment, under load, the sandbox has all that it answered."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import stripe

from tests.sandbox.receiver import Receiver, until
from tests.sandbox.shop import CheckedHttp, Shop
from tests.sandbox_process import SandboxProcess, start_sandbox

# More of them find more: SANDBOX_KILLS=50 takes a minute or two.
KILLS = int(os.environ.get("SANDBOX_KILLS", "2"))
PATIENCE = 30


class Buyers:
    """Three who buy again and again; whoever gets no answer asks again."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.price_id = shop.price()
        cards = ["pm_card_visa", "pm_card_visa", "pm_card_chargeCustomerFail"]
        self.customers = [shop.customer(card=card).id for card in cards]
        self.over = threading.Event()
        # What was answered: the key, and the id; empty where the bank said no.
        self.answers: dict[str, str] = {}
        self.unanswered = 0

    def buy(self, buyer: int) -> None:
        count = 0
        while not self.over.is_set():
            count += 1
            key = f"{buyer}-{count}"
            self.answers[key] = self.order(buyer, key)

    def order(self, buyer: int, key: str) -> str:
        """Ask until there is an answer."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._subscribe(buyer, key)
            except stripe.APIConnectionError:
                assert time.monotonic() < deadline
                self.unanswered += 1
                time.sleep(0.05)

    def _subscribe(self, buyer: int, key: str) -> str:
        order = {
            "customer": self.customers[buyer],
            "items": [{"price": self.price_id}],
            "payment_behavior": "error_if_incomplete",
            "metadata": {"key": key},
        }
        try:
            made = self.shop.v1.subscriptions.create(
                order,
                {"idempotency_key": key},
            )
        except stripe.CardError:
            return ""
        return made.id


@pytest.fixture
def fragile(tmp_path: Path, receiver: Receiver) -> Iterator[SandboxProcess]:
    """A sandbox of its own, that tells the receiver everything."""
    made = start_sandbox(tmp_path, webhook_url=receiver.url)
    yield made
    made.stop()


def kill_now_and_then(sandbox: SandboxProcess, buyers: Buyers) -> None:
    for _ in range(KILLS):
        # The first answers of a process take their time; then it is busy.
        done = len(buyers.answers)
        until(lambda done=done: len(buyers.answers) > done + 5)
        time.sleep(random.uniform(0, 0.1))
        sandbox.kill()
        sandbox.restart()


def test_killed_under_load_it_has_everything_once(
    fragile: SandboxProcess, tmp_path: Path, http: CheckedHttp, receiver: Receiver
) -> None:
    buyers = Buyers(Shop(fragile.base, http))
    with ThreadPoolExecutor(3) as threads:
        work = [threads.submit(buyers.buy, buyer) for buyer in range(3)]
        try:
            kill_now_and_then(fragile, buyers)
        finally:
            buyers.over.set()
    for each in work:
        each.result()

    assert buyers.unanswered > 0
    _check_purchases(buyers)
    _check_invoices(buyers)
    _check_keys(buyers)
    _check_events(buyers.shop, fragile, receiver)
    assert fragile.violations() == []
    _check_file(tmp_path / "store.db")


def _all_invoices(buyers: Buyers) -> list[stripe.Invoice]:
    return list(buyers.shop.v1.invoices.list({"limit": 100}).auto_paging_iter())


def _check_purchases(buyers: Buyers) -> None:
    """What was answered is there, once; what was refused left nothing."""
    page = buyers.shop.v1.subscriptions.list({"limit": 100, "status": "all"})
    there = {made.metadata["key"]: made.id for made in page.auto_paging_iter()}
    bought = {key: made for key, made in buyers.answers.items() if made}

    assert len(bought) > KILLS
    assert len(list(page.auto_paging_iter())) == len(there)
    assert there == bought
    assert "" in buyers.answers.values()


def _check_invoices(buyers: Buyers) -> None:
    """Each purchase has its one invoice, paid, numbered without gap or double."""
    invoices = _all_invoices(buyers)
    bought = sorted(made for made in buyers.answers.values() if made)
    of = [str(i.parent.subscription_details.subscription) for i in invoices]

    assert sorted(of) == bought
    assert {invoice.status for invoice in invoices} == {"paid"}
    paid = buyers.shop.v1.invoice_payments.list({"limit": 100, "status": "paid"})
    assert Counter(str(p.invoice) for p in paid.auto_paging_iter()) == Counter(
        invoice.id for invoice in invoices
    )
    for customer_id in buyers.customers[:2]:
        numbers = [
            int(str(i.number).rsplit("-", 1)[1])
            for i in invoices
            if i.customer == customer_id
        ]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))


def _check_keys(buyers: Buyers) -> None:
    """The same key still gives the same answer."""
    before = len(_all_invoices(buyers))
    for key, answered in list(buyers.answers.items())[-20:]:
        assert buyers.order(int(key[0]), key) == answered
    assert len(_all_invoices(buyers)) == before


def _check_events(shop: Shop, sandbox: SandboxProcess, receiver: Receiver) -> None:
    """Everything that was told in the list is told to the endpoint too."""
    while waits := sandbox.waiting():
        # It can be thousands: as long as they become fewer.
        until(lambda waits=waits: sandbox.waiting() < waits)
    told = {event.id for event in shop.events()}

    arrived = Counter(event.id for event in receiver.events("whsec_demo"))
    assert set(arrived) == told
    # Killed between the delivery and its note, one is told twice.
    assert sum(count > 1 for count in arrived.values()) <= KILLS
    kinds = Counter(event.type for event in shop.events())
    assert kinds["customer.subscription.created"] == kinds["invoice.paid"]


def _check_file(path: Path) -> None:
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        doubles = "SELECT count(*) - count(DISTINCT id) FROM objects"
        assert db.execute(doubles).fetchone() == (0,)
    db.close()
