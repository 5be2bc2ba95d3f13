"""Where billing periods end: months of any length, leap years, summer time."""

from __future__ import annotations

import calendar
import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.sandbox.clock import period_end_after
from tests.sandbox.shop import Shop

type Case = tuple[str, int, str, list[str]]


def at(text: str) -> int:
    """2027-01-31T12:00 in UTC."""
    return int(dt.datetime.fromisoformat(f"{text}+00:00").timestamp())


def ends(interval: str, count: int, anchor: int, periods: int) -> list[int]:
    """Where the first periods end that are counted from `anchor`."""
    recurring = {"interval": interval, "interval_count": count}
    found = [anchor]
    for _ in range(periods):
        found.append(period_end_after(recurring, anchor, found[-1]))
    return found[1:]


CASES: list[Case] = [
    (
        "month",
        1,
        "2027-01-31T12:00",
        ["2027-02-28T12:00", "2027-03-31T12:00", "2027-04-30T12:00"],
    ),
    (
        "month",
        1,
        "2027-11-30T00:00",
        ["2027-12-30T00:00", "2028-01-30T00:00", "2028-02-29T00:00"],
    ),
    ("month", 1, "2028-01-29T23:59", ["2028-02-29T23:59", "2028-03-29T23:59"]),
    ("month", 3, "2027-11-30T08:00", ["2028-02-29T08:00", "2028-05-30T08:00"]),
    (
        "year",
        1,
        "2028-02-29T12:00",
        [
            "2029-02-28T12:00",
            "2030-02-28T12:00",
            "2031-02-28T12:00",
            "2032-02-29T12:00",
        ],
    ),
    ("year", 3, "2028-02-29T12:00", ["2031-02-28T12:00", "2034-02-28T12:00"]),
    # Clocks are changed in Europe on 28 March and on 31 October 2027.
    ("month", 1, "2027-02-28T01:30", ["2027-03-28T01:30", "2027-04-28T01:30"]),
    ("month", 1, "2027-09-30T22:00", ["2027-10-30T22:00", "2027-11-30T22:00"]),
    ("week", 1, "2027-03-24T01:30", ["2027-03-31T01:30", "2027-04-07T01:30"]),
    ("day", 1, "2027-03-27T01:30", ["2027-03-28T01:30", "2027-03-29T01:30"]),
]


@pytest.mark.parametrize(("interval", "count", "anchor", "expected"), CASES)
def test_periods_end_on_the_anchors_day(
    interval: str, count: int, anchor: str, expected: list[str]
) -> None:
    found = ends(interval, count, at(anchor), len(expected))

    assert found == [at(text) for text in expected]


instants = st.integers(at("2020-01-01T00:00"), at("2060-01-01T00:00"))


@given(anchor=instants, count=st.integers(1, 12))
def test_36_renewals_from_any_instant_never_drift(anchor: int, count: int) -> None:
    begun = dt.datetime.fromtimestamp(anchor, dt.UTC)
    for number, end in enumerate(ends("month", count, anchor, 36), start=1):
        found = dt.datetime.fromtimestamp(end, dt.UTC)
        months = begun.month - 1 + number * count
        year, month = begun.year + months // 12, months % 12 + 1
        day = min(begun.day, calendar.monthrange(year, month)[1])
        assert (found.year, found.month, found.day) == (year, month, day)
        assert found.time() == begun.time()


@given(
    anchor=instants,
    instant=instants,
    interval=st.sampled_from(["day", "week", "month", "year"]),
    count=st.integers(1, 12),
)
def test_an_instant_is_in_one_period_only(
    anchor: int, instant: int, interval: str, count: int
) -> None:
    recurring = {"interval": interval, "interval_count": count}

    end = period_end_after(recurring, anchor, instant)

    assert end > instant
    # Whatever is before the end, down to the instant, is in the same period.
    assert period_end_after(recurring, anchor, end - 1) == end
    assert period_end_after(recurring, anchor, end) > end


def test_a_subscription_of_the_31st_comes_back_to_it(shop: Shop) -> None:
    clock = shop.clock(at("2027-01-31T12:00"))
    customer = shop.customer(card="pm_card_visa", test_clock=clock)
    shop.subscribe(customer.id, shop.price(interval="month"))
    for month in ("2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"):
        shop.advance(clock, at(f"{month}T14:00"))

    found = shop.v1.invoices.list({"customer": customer.id}).data
    periods = [invoice.lines.data[0].period for invoice in reversed(found)]

    assert [p.start for p in periods] == [
        at(f"2027-{day}T12:00") for day in ("01-31", "02-28", "03-31", "04-30", "05-31")
    ]
    assert all(a.end == b.start for a, b in pairwise(periods))
    assert {invoice.status for invoice in found} == {"paid"}
