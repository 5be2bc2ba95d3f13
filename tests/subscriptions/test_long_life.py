"""Years of a subscription's life: renewals on their days, and what they charge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from selfservice.catalog.models import Frequency, Term
from selfservice.subscriptions import lifecycle
from tests.dates import later, years_ahead
from tests.factories.catalog import make_product
from tests.stripe_sandbox import put_on_sale
from tests.subscriptions.changing import *
from tests.subscriptions.living import *
from tests.subscriptions.living import CHARGED, HOUR, Life, day

pytestmark = pytest.mark.sandbox_only

ENDS_OF_MONTH = (
    "2027-02-28 2027-03-31 2027-04-30 2027-05-31 2027-06-30 2027-07-31 2027-08-31"
    " 2027-09-30 2027-10-31 2027-11-30 2027-12-31 2028-01-31 2028-02-29 2028-03-31"
    " 2028-04-30 2028-05-31 2028-06-30 2028-07-31 2028-08-31 2028-09-30 2028-10-31"
    " 2028-11-30 2028-12-31 2029-01-31 2029-02-28"
)
FROM_LEAP_DAY = (
    "2028-03-29 2028-04-29 2028-05-29 2028-06-29 2028-07-29 2028-08-29 2028-09-29"
    " 2028-10-29 2028-11-29 2028-12-29 2029-01-29 2029-02-28 2029-03-29 2029-04-29"
    " 2029-05-29 2029-06-29 2029-07-29 2029-08-29 2029-09-29 2029-10-29 2029-11-29"
    " 2029-12-29 2030-01-29 2030-02-28 2030-03-29"
)


@pytest.mark.parametrize(
    ("term", "frequency", "bought", "renewals", "terms"),
    [
        pytest.param(
            Term.MONTH,
            Frequency.MONTHLY,
            "2027-01-31",
            ENDS_OF_MONTH,
            f"{ENDS_OF_MONTH} 2029-03-31",
            id="monthly-from-31-january",
        ),
        pytest.param(
            Term.YEAR,
            Frequency.MONTHLY,
            "2028-02-29",
            FROM_LEAP_DAY,
            "2029-02-28 2030-02-28 2031-02-28",
            id="a-year-by-the-month-from-a-leap-day",
        ),
        pytest.param(
            Term.YEAR,
            Frequency.YEARLY,
            "2027-03-28",  # clocks go ahead in the night before
            "2028-03-28 2029-03-28",
            "2028-03-28 2029-03-28 2030-03-28",
            id="a-year-by-the-year",
        ),
        pytest.param(
            Term.THREE_YEARS,
            Frequency.YEARLY,
            "2028-02-29",
            "2029-02-28 2030-02-28 2031-02-28 2032-02-29",
            "2031-02-28 2034-02-28",
            id="three-years-by-the-year",
        ),
    ],
)
def test_it_renews_on_its_days_and_charges_what_the_page_said(
    life: Life, term: Term, frequency: Frequency, bought: str, renewals: str, terms: str
) -> None:
    offer = put_on_sale(make_product("Boards"), 1030, term=term, frequency=frequency)
    years = years_ahead(bought)
    bought, renewals, terms = (later(each, years) for each in (bought, renewals, terms))
    life.go_to(dt.datetime.fromisoformat(f"{bought}T10:00+00:00"))
    row = life.buy(offer)
    assert row.bought_at is not None
    time = row.bought_at.timetz()
    ends = [at(time, each) for each in terms.split()]
    starts = [row.bought_at, *ends]

    for count, renewed in enumerate(dates(time, renewals), start=1):
        row = life.now
        assert row.period_end == renewed
        life.go_to(renewed - HOUR)
        life.says(lifecycle.ACTIVE, f"Next charge on {day(renewed)}", "€103.00 per")
        life.go_to(renewed + CHARGED)

        row = life.now
        term_at = sum(1 for end in ends if end <= renewed)
        assert row.period_start == renewed
        assert (row.term_start, row.term_end) == (starts[term_at], ends[term_at])
        assert life.subtotals() == [10300] * (count + 1)
        life.says(lifecycle.ACTIVE, f"{day(row.term_start)} – {day(row.term_end)}")


def dates(time: dt.time, written: str) -> Iterator[dt.datetime]:
    return (at(time, each) for each in written.split())


def at(time: dt.time, written: str) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(written), time)
