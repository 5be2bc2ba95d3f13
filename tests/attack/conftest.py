"""A demo of its own, and three people in it who own something: `make attack`."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.chaos.crowd import NotNow, Person
from tests.demo.demo_process import DemoProcess, processes_of

CAST = {
    "anna": "anna@noordzee.example",
    "bram": "bram@noordzee.example",
    "dirk": "dirk@tulp.example",
}
OWNED = """
SELECT s.id, s.product_id, s.plan_id, s.order_key, s.profile_id, p.account_id,
    s.payment_method_id, s.stripe_subscription_id,
    (SELECT i.id FROM billing_invoice i WHERE i.subscription_id = s.id LIMIT 1)
FROM subscriptions_subscription s
JOIN accounts_user u ON u.id = s.purchaser_id
JOIN billing_billingprofile p ON p.id = s.profile_id
WHERE u.email = '{email}' AND s.order_state = 'confirmed' ORDER BY s.id LIMIT 1
"""
PARTS = (
    *("subscription", "product", "plan", "key", "profile", "account", "card"),
    *("stripe_id", "invoice"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Attacked:
    """A demo under attack. `owned` has the ids of what each of the people has."""

    demo: DemoProcess
    people: dict[str, Person]
    owned: dict[str, dict[str, str]]

    @property
    def base(self) -> str:
        return self.demo.address

    def query(self, sql: str) -> list[Any]:
        return self.demo.query(sql)

    def press(self, who: str, path: str, data: dict[str, Any]) -> requests.Response:
        """A form of theirs, from a connection of its own."""
        cookies = self.people[who].web.cookies
        token = cookies.get_dict()[self.people[who]._csrf()]
        return requests.post(
            self.base + path,
            data={"csrfmiddlewaretoken": token, **data},
            cookies=cookies,
            allow_redirects=False,
            timeout=60,
        )

    def at_once(self, who: str, path: str, data: dict[str, Any], n: int) -> list[int]:
        """The same form `n` times at the same moment; what was answered, sorted."""
        with ThreadPoolExecutor(n) as pool:
            asked = [pool.submit(self.press, who, path, data) for _each in range(n)]
        return sorted(each.result().status_code for each in asked)

    def environment(self) -> dict[str, str]:
        """The demo's, with its secrets: for what only Stripe could send."""
        found = processes_of(self.demo.var).items()
        pid = next(pid for pid, said in found if "manage.py worker" in said)
        lines = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        pairs = (os.fsdecode(line).partition("=") for line in lines if line)
        return {name: value for name, _sign, value in pairs}


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    var = tmp_path_factory.mktemp("attack") / "demo"
    demo = DemoProcess(var, "--port", "0").wait_until_ready()
    over = threading.Event()
    try:
        people = {
            name: Person(demo.address, email, over, seed)
            for seed, (name, email) in enumerate(CAST.items())
        }
        owned = {name: own_something(demo, person) for name, person in people.items()}
        yield Attacked(demo, people, owned)
    finally:
        demo.end()


def own_something(demo: DemoProcess, person: Person) -> dict[str, str]:
    person._begin()
    for _try in range(8):
        try:
            if person._buy():
                break
        except NotNow:
            over = person.over
            over.wait(1)
    (row,) = demo.query(OWNED.format(email=person.email))
    return dict(zip(PARTS, map(str, row), strict=True))
