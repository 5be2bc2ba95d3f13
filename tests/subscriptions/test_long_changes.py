"""Years of a subscription that is changed: more, fewer, paid at another frequency."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from selfservice.catalog.models import Frequency, Term
from selfservice.catalog.queries import Offer
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import QuantityChange
from tests.dates import later, years_ahead
from tests.factories.catalog import make_product
from tests.stripe_sandbox import put_on_sale
from tests.subscriptions.changing import *
from tests.subscriptions.changing import given_back
from tests.subscriptions.living import *
from tests.subscriptions.living import CHARGED, DAY, Life, day

pytestmark = pytest.mark.sandbox_only
EURO = re.compile(r"€([\d,]+)\.(\d\d) (?:charged|goes back)")


def amount(said: str) -> int:
    """What a sentence says was charged or goes back, in cents."""
    found = EURO.search(said)
    assert found, said
    return int(found[1].replace(",", "") + found[2])


def to_renewal(life: Life) -> None:
    """Month by month, to where the next term has begun and is paid."""
    ends = life.now.term_end
    assert ends is not None
    while life.now.term_end == ends:
        period_end = life.now.period_end
        assert period_end is not None
        life.go_to(period_end + CHARGED)


def change_in_the_first_year(life: Life, bought: dt.datetime, years: int) -> None:
    """More, fewer with the money back, and fewer at the renewal."""
    life.go_to(bought + DAY * 3)
    said = life.change("licenses", total="15")
    assert "5 licenses added." in said
    life.hear()
    assert amount(said) == life.invoices()[-1].total_minor
    life.says(lifecycle.ACTIVE, "15 licenses")

    life.go_to(bought + DAY * 4)
    said = life.change("licenses", total="13")
    assert "2 licenses removed." in said
    life.hear()
    assert amount(said) == given_back(life.stripe, life.bought)
    assert amount(said) == sum(i.refunded_minor for i in life.invoices())

    life.go_to(bought + DAY * 24)
    said = life.change("licenses", total="8")
    assert later("From 28 Feb 2029 you have 8 licenses.", years) in said
    life.says(
        lifecycle.ACTIVE, "13 licenses", later("From 28 Feb 2029: 8 licenses.", years)
    )
    assert life.now.available == 7


def pay_yearly(life: Life, yearly: Offer, years: int) -> None:
    """From the next renewal on."""
    said = life.change("frequency", plan=str(yearly.plan.pk))
    assert later("changes on 28 Feb 2031", years) in said
    life.says(
        lifecycle.ACTIVE, later("From 28 Feb 2031: 1 year, billed yearly.", years)
    )
    to_renewal(life)
    assert life.subtotals()[-1] == 12 * 11000
    life.says(
        lifecycle.ACTIVE,
        "1 year, billed yearly",
        later("28 Feb 2031 – 28 Feb 2032", years),
    )


def test_what_is_changed_in_three_years_is_what_was_shown(life: Life) -> None:
    """From a leap day on, so that no term is as long as the one before."""
    product = make_product("Boards")
    monthly = put_on_sale(product, 1030, term=Term.YEAR, frequency=Frequency.MONTHLY)
    yearly = put_on_sale(product, 11000, term=Term.YEAR, frequency=Frequency.YEARLY)
    years = years_ahead("2028-02-29")
    life.go_to(dt.datetime(2028 + years, 2, 29, 10, tzinfo=dt.UTC))
    bought = life.buy(monthly).bought_at
    assert bought is not None

    change_in_the_first_year(life, bought, years)
    to_renewal(life)
    assert life.subtotals()[2:] == [13 * 1030] * 11 + [8 * 1030]
    life.says(lifecycle.ACTIVE, "8 licenses", later("28 Feb 2029 – 28 Feb 2030", years))
    assert life.now.scheduled_quantity is None

    life.go_to(life.now.term_start + DAY * 10)
    life.change("licenses", total="12", when="renewal")
    to_renewal(life)
    assert life.subtotals()[-12:] == [8 * 1030] * 11 + [12 * 1030]

    pay_yearly(life, yearly, years)
    to_renewal(life)
    row = life.now
    assert (row.term_start, row.term_end) == (row.period_start, row.period_end)
    assert day(row.term_end) == later("28 Feb 2033", years)
    assert life.subtotals()[-2:] == [12 * 11000] * 2
    deltas = QuantityChange.objects.order_by("happened_at")
    assert list(deltas.values_list("delta", flat=True)) == [5, -2, -5, 4]
