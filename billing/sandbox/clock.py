"""What time it is: the sandbox's own clock, and the test clock of a customer.

The own clock is real time and an offset, which is kept in the store: it moves
forward when somebody orders it, and goes back to real time with a reset.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from typing import Any

from billing.sandbox.store import Store
from billing.sandbox.wire import Obj

DAY = 86_400
TEST_CLOCK = "test_helpers.test_clock"
_OFFSET = "clock_offset"
# Through which fields an object leads to its customer.
_LEADS = ("customer", "invoice", "subscription", "payment_intent")
_AN_ID = re.compile(r"[a-z_]+_[A-Za-z0-9]+")

offset = 0.0


def now() -> int:
    """Seconds since 1970 by the sandbox's own clock."""
    return int(time.time() + offset)


def restore(store: Store) -> None:
    """Take the offset from a store: when it is opened, and after a reset."""
    global offset
    with store.lock:
        row = store.db.execute(
            "SELECT value FROM counters WHERE name = ?", (_OFFSET,)
        ).fetchone()
    offset = float(row[0]) if row else 0.0


def move_to(store: Store, instant: int) -> None:
    """Let it be `instant` now, unless it is later already. In a transaction."""
    global offset
    if instant <= now():
        return
    offset = instant - time.time()
    store.db.execute(
        "INSERT INTO counters VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (_OFFSET, offset),
    )


def test_clock_of(store: Store, ids: list[Any]) -> Obj | None:
    """The test clock that is followed by the first customer that `ids` lead to.

    They may be ids of anything, also of a test clock, and words that are no ids.
    """
    for found_id in ids:
        if isinstance(found_id, str) and _AN_ID.fullmatch(found_id):
            found = _led_to(store, found_id)
            if found is not None:
                return store.get(found.get("test_clock") or found["id"], TEST_CLOCK)
    return None


def _led_to(store: Store, found_id: str) -> Obj | None:
    """The customer, or the test clock, of whatever has this id."""
    found = store.get(found_id)
    while found is not None and found["object"] not in {"customer", TEST_CLOCK}:
        lead = next((found[name] for name in _LEADS if found.get(name)), "")
        found = store.get(lead) if isinstance(lead, str) else None
    return found


def add_months(start: int, months: int) -> int:
    """The same day and time `months` later, in UTC; the last day where it lacks."""
    moment = dt.datetime.fromtimestamp(start, dt.UTC)
    year, month = divmod(_month(start) + months, 12)
    first = dt.date(year, month + 1, 1)
    after = dt.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    day = min(moment.day, (after - first).days)
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())


def _month(instant: int) -> int:
    """Months since the year 0, in UTC."""
    moment = dt.datetime.fromtimestamp(instant, dt.UTC)
    return moment.year * 12 + moment.month - 1


def add_periods(recurring: Obj, start: int, count: int) -> int:
    """`count` billing periods of a price's `recurring` after `start`."""
    every = int(recurring["interval_count"]) * count
    months = {"month": 1, "year": 12}.get(recurring["interval"], 0)
    if months:
        return add_months(start, months * every)
    return start + {"day": 1, "week": 7}[recurring["interval"]] * DAY * every


def period_end_after(recurring: Obj, anchor: int, instant: int) -> int:
    """Where the period ends in which `instant` is: strictly after it.

    Counted from the anchor, so that a 31st that falls on a 28th comes back.
    """
    months = {"month": 1, "year": 12}.get(recurring["interval"], 0)
    if months:
        months *= int(recurring["interval_count"])
        count = (_month(instant) - _month(anchor)) // months - 1
    else:
        length = add_periods(recurring, anchor, 1) - anchor
        count = (instant - anchor) // length
    while (end := add_periods(recurring, anchor, count)) <= instant:
        count += 1
    return end
