"""Everything dies while people buy, assign and cancel; then nothing is lost.

`make chaos`: about six minutes, on this machine only. What it measured is in
docs/reliability.md.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import requests

from tests.chaos.crowd import Person
from tests.chaos.stack import Stack, small_disk

CROWD = (
    "anna@noordzee.example",
    "bram@noordzee.example",
    "carla@noordzee.example",
    "dirk@tulp.example",
)
# Between one trouble and the next so many acts are done, but it doesn't wait for them
# longer than these seconds; and how long it may take at the end until all is settled.
ACTS, AT_MOST, SETTLING = 12, 30, 240

# Each must find nothing.
INVARIANTS = {
    "more licenses assigned than there are": """
        SELECT id FROM subscriptions_subscription
        WHERE assigned > LEAST(quantity, COALESCE(scheduled_quantity, quantity))""",
    "a counter that is wrong": """
        SELECT s.id FROM subscriptions_subscription s WHERE s.assigned <> (
            SELECT count(*) FROM licensing_licenseassignment a
            WHERE a.subscription_id = s.id AND a.ended_at IS NULL
                AND a.suspended_at IS NULL)""",
    "two licenses of one product for one person": """
        SELECT user_id FROM licensing_licenseassignment
        WHERE ended_at IS NULL AND suspended_at IS NULL
        GROUP BY organization_id, purchaser_id, product_id, user_id
        HAVING count(*) > 1""",
    "rows of two organizations": """
        SELECT a.id FROM licensing_licenseassignment a
        JOIN subscriptions_subscription s ON s.id = a.subscription_id
        JOIN accounts_user u ON u.id = a.user_id
        WHERE a.organization_id <> s.organization_id
            OR a.organization_id <> u.organization_id""",
    "one order bought twice": """
        SELECT order_key FROM subscriptions_subscription
        GROUP BY organization_id, order_key HAVING count(*) > 1""",
}
UNSETTLED = """
    SELECT (SELECT count(*) FROM billing_stripeoperation
            WHERE state IN ('started', 'unknown'))
        + (SELECT count(*) FROM subscriptions_subscription
            WHERE order_state = 'processing')
        + (SELECT count(*) FROM procrastinate_jobs
            WHERE status IN ('todo', 'doing') AND scheduled_at IS NULL)
"""


def test_nothing_is_lost_under_fire(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        stack = Stack((disk or tmp_path) / "demo")
        try:
            _run(stack, has_disk=disk is not None)
        finally:
            stack.stop()


def troubles(stack: Stack, *, has_disk: bool) -> dict[str, Callable[[], object]]:
    found: dict[str, Callable[[], object]] = {
        "kill -9 of the web server": lambda: stack.kill("granian"),
        "kill -9 of the worker": lambda: stack.kill("manage.py worker"),
        "kill -9 of Stripe's stand-in": lambda: stack.kill("billing.sandbox"),
        "kill -9 of PostgreSQL": lambda: stack.kill("bin/postgres"),
        "Stripe answers after 12 s": lambda: stack.slow_stripe(15),
        "no connection left for 10 s": lambda: stack.no_connections(10),
        "the clock jumps by a day": lambda: jump(stack),
    }
    if has_disk:
        found["disk full for 8 s"] = lambda: stack.full_disk(8)
    return found


def jump(stack: Stack) -> None:
    """As the demo's banner does it."""
    moved = stack.manage(
        "shell",
        "--no-imports",
        "-v0",
        "-c",
        "import datetime as dt;"
        "from selfservice.portal.services.demo_clock import move;"
        "move(dt.timedelta(days=1))",
    )
    assert moved.returncode == 0, moved.stderr


def _run(stack: Stack, *, has_disk: bool) -> None:
    over = threading.Event()
    crowd = [Person(stack.base, who, over, n) for n, who in enumerate(CROWD)]
    for person in crowd:
        person.start()
    _let_them(crowd)
    began = time.monotonic()
    for name, trouble in troubles(stack, has_disk=has_disk).items():
        before = _done(crowd)
        trouble()
        stack.wait_until_up()
        meanwhile = _done(crowd) - before
        tell(f"{name:30} {meanwhile:3} acts done meanwhile, {_let_them(crowd)} after")
    over.set()
    for person in crowd:
        person.join(60)
    tell(f"under fire for {time.monotonic() - began:.0f} s")
    _report(stack, crowd)
    _settle(stack, "what was begun")
    _deliver(stack)
    _check(stack, crowd)


def _done(crowd: list[Person]) -> int:
    return sum(person.ledger.done.total() for person in crowd)


def _let_them(crowd: list[Person]) -> int:
    """Let people do something; how much that was."""
    before, until = _done(crowd), time.monotonic() + AT_MOST
    while _done(crowd) - before < ACTS and time.monotonic() < until:
        time.sleep(0.2)
    return _done(crowd) - before


def _report(stack: Stack, crowd: list[Person]) -> None:
    for word in ("tried", "done", "errors"):
        sums: Counter[str] = sum((getattr(p.ledger, word) for p in crowd), Counter())
        each = ", ".join(f"{key} {count}" for key, count in sorted(sums.items()))
        tell(f"{word}: {sums.total()} ({each})")
    away = ", ".join(f"{seconds:.0f}" for seconds in stack.away)
    tell(f"started again {stack.restarts} times; up after {away} s")


def _settle(stack: Stack, what: str) -> None:
    """The worker finishes what was left."""
    stack.wait_until_up()
    began = time.monotonic()
    while stack.demo.query(UNSETTLED) != [(0,)]:
        assert time.monotonic() - began < SETTLING, "never settled"
        time.sleep(1)
    tell(f"{what} settled after {time.monotonic() - began:.0f} s")


def _deliver(stack: Stack) -> None:
    """Events that met a closed door come now, instead of minutes later."""
    said = stack.manage("reconcile").stdout.splitlines()
    early = [line for line in said if line.startswith("drift:")]
    late = stack.order("webhooks")["waiting"]
    stack.order("webhooks/release", {})
    tell(f"{late} events still to come, {len(early)} drift without them")
    tell("\n".join(early))
    _settle(stack, "their news")


def _check(stack: Stack, crowd: list[Person]) -> None:
    for what, sql in INVARIANTS.items():
        assert stack.demo.query(sql) == [], what
    compared = stack.manage("reconcile")
    tell(compared.stdout.strip().splitlines()[-1] if compared.stdout else "nothing")
    assert compared.returncode == 0, compared.stdout + compared.stderr
    _nothing_beside(stack)
    for person in crowd:
        _still_true(stack, person)
    known = sum(len(p.ledger.bought) for p in crowd)
    rows = stack.demo.query(
        "SELECT count(*) FROM subscriptions_subscription"
        " WHERE order_state = 'confirmed'"
    )
    tell(f"{known} purchases were told as done, {rows[0][0]} are there")
    assert known, "nobody could buy anything"


def _nothing_beside(stack: Stack) -> None:
    """Nothing lives at Stripe that no row here knows: nothing is charged for it."""
    ours = {
        row[0]
        for row in stack.demo.query(
            "SELECT stripe_subscription_id FROM subscriptions_subscription"
        )
    }
    theirs = set()
    asked = {"limit": "100", "status": "all"}
    while True:
        answer = requests.get(
            f"{stack.sandbox}/v1/subscriptions",
            params=asked,
            headers={"Authorization": f"Bearer {stack.key}"},
            timeout=30,
        ).json()
        theirs |= {
            each["id"]
            for each in answer["data"]
            if each["status"] not in {"canceled", "incomplete_expired"}
        }
        if not answer["has_more"]:
            break
        asked["starting_after"] = answer["data"][-1]["id"]
    tell(f"{len(theirs)} subscriptions live at Stripe")
    assert theirs <= ours, theirs - ours


def _still_true(stack: Stack, person: Person) -> None:
    """What this person was told is done."""
    ledger, query = person.ledger, stack.demo.query
    for subscription in ledger.bought:
        found = query(
            "SELECT order_state, cancelled_at IS NOT NULL OR NOT recurring_billing"
            f" FROM subscriptions_subscription WHERE id = '{subscription}'"
        )
        assert found, f"{person.name}: purchase {subscription} is lost"
        assert found[0][0] == "confirmed", f"{person.name}: {subscription} {found}"
        if subscription in ledger.cancelled:
            assert found[0][1], f"{person.name}: {subscription} is not cancelled"
    ended = {ledger.bought[each] for each in ledger.cancelled}
    for product, holder in ledger.assigned:
        live = (
            ""
            if product in ended
            else (" AND a.ended_at IS NULL AND a.suspended_at IS NULL")
        )
        found = query(
            "SELECT 1 FROM licensing_licenseassignment a"
            " JOIN accounts_user u ON u.id = a.purchaser_id"
            f" WHERE a.product_id = '{product}' AND a.user_id = '{holder}'"
            f" AND u.email = '{person.name}'{live}"
        )
        assert found, f"{person.name}: {holder} has lost {product}"


def tell(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
