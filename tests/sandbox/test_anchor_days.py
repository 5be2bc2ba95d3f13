"""Which day periods end on, when a subscription was told it as day and month."""

from __future__ import annotations

import datetime as dt

import pytest

from billing.sandbox import anchors
from billing.sandbox.clock import period_end_after


def at(text: str) -> int:
    return int(dt.datetime.fromisoformat(f"{text}+00:00").timestamp())


def told(day: int, month: int | None = None) -> dict[str, int | None]:
    clock = {"hour": 12, "minute": 0, "second": 0}
    return {"day_of_month": day, "month": month, **clock}


@pytest.mark.parametrize(
    ("config", "now", "days"),
    [
        (told(31), "2027-02-10", ["2027-02-28", "2027-03-31", "2027-04-30"]),
        (told(31), "2027-03-31", ["2027-03-31", "2027-04-30", "2027-05-31"]),
        (told(5), "2027-12-20", ["2028-01-05", "2028-02-05", "2028-03-05"]),
        (told(29, 2), "2026-06-01", ["2027-02-28", "2028-02-29", "2029-02-28"]),
        (told(1, 3), "2027-03-02", ["2028-03-01", "2029-03-01", "2030-03-01"]),
    ],
)
def test_the_day_comes_back_after_a_short_month(
    config: dict[str, int | None], now: str, days: list[str]
) -> None:
    anchor = anchors._next(config, at(f"{now}T06:00"))
    found = {"billing_cycle_anchor": anchor, "billing_cycle_anchor_config": config}
    recurring = {
        "interval": "year" if config["month"] else "month",
        "interval_count": 1,
    }

    ends = [anchor]
    while len(ends) < len(days):
        counted_from = anchors.anchor_of(found)
        ends.append(period_end_after(recurring, counted_from, ends[-1]))

    assert ends == [at(f"{day}T12:00") for day in days]


def test_an_anchor_that_was_moved_counts_itself() -> None:
    moved = at("2027-02-17T12:00")
    found = {"billing_cycle_anchor": moved, "billing_cycle_anchor_config": told(31)}

    assert anchors.anchor_of(found) == moved
