"""Spend of twelve months: its sums, its chart, and where it is shown."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from billing.spend import spend_of
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.core.charts import Column, bar_chart
from selfservice.core.money import Money
from tests.factories.billing import make_invoice
from tests.factories.subscriptions import make_subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def web(anna: User, client: Client) -> Client:
    client.force_login(anna)
    return client


def words(response: HttpResponse) -> str:
    text = re.sub(r"<[^>]+>", " ", html.unescape(response.content.decode()))
    return re.sub(r"\s+", " ", text)


def days_ago(count: int) -> dt.datetime:
    return clock.now() - dt.timedelta(days=count)


def test_it_adds_by_month_and_product_what_was_paid_and_not_given_back(
    anna: User,
) -> None:
    make_invoice(anna, refunded_minor=2100)
    make_invoice(anna, title="Diagrams Pro", total_minor=5000)
    open_ = {"status": "open", "attempted": True}
    make_invoice(anna, title="Never paid", total_minor=700, **open_)
    make_invoice(anna, status="void")
    make_invoice(anna, finalized_at=days_ago(400))

    (spend,) = spend_of(anna)

    assert (spend.total, spend.due) == (Money(15000, "EUR"), Money(700, "EUR"))
    assert [(product.name, product.total.minor) for product in spend.products] == [
        ("Planboard Plus", 10000),
        ("Diagrams Pro", 5000),
    ]
    last = spend.rows[-1]
    assert [part.minor for part in last.parts] == [10000, 5000]
    assert (last.total.minor, last.due.minor) == (15000, 700)
    assert len(spend.rows) == len(spend.chart.bars) == 12


def test_currencies_are_never_added(anna: User, web: Client) -> None:
    make_invoice(anna)
    make_invoice(anna, currency="JPY", total_minor=500)

    shown = words(web.get("/billing/spend/"))

    assert "Spend (EUR)" in shown
    assert "€121.00 in 12 months" in shown
    assert "Spend (JPY)" in shown
    assert "JP¥500 in 12 months" in shown


def test_more_products_than_shades_stand_together(anna: User) -> None:
    for number in range(7):
        make_invoice(anna, title=f"Product {number}", total_minor=1000 - number)

    (spend,) = spend_of(anna)

    names = [product.name for product in spend.products]
    assert names == [*(f"Product {n}" for n in range(4)), "Other products"]
    assert spend.rows[-1].parts[-1].minor == 996 + 995 + 994
    assert spend.products[-1].total.minor == 996 + 995 + 994


def test_a_month_is_that_of_the_organization(anna: User) -> None:
    """One o'clock in the night of the first is still last month in UTC."""
    today = clock.today_in(anna.organization.time_zone)
    midnight = dt.datetime(today.year, today.month, 1, tzinfo=dt.UTC)
    make_invoice(anna, finalized_at=midnight - dt.timedelta(minutes=30))

    (spend,) = spend_of(anna)

    assert spend.rows[-1].total.minor == 12100


def test_a_chart_has_round_lines_above_its_highest_bar() -> None:
    chart = bar_chart([Column("a", [93_000]), Column("b", [10_000, 5_000], 2_000)])

    assert [line.value for line in chart.lines] == [0, 25000, 50000, 75000, 100000]
    low = chart.bars[1]
    assert [box.shade for box in low.boxes] == ["1", ".7"]
    assert low.expected is not None
    assert low.expected.y < low.boxes[1].y < low.boxes[0].y
    assert bar_chart([Column("a", [])]).lines[-1].value > 0


def test_home_and_bills_bring_it_after_the_page(
    anna: User, web: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_subscription(anna)
    make_invoice(anna)

    for path in ("/", "/billing/invoices/"):
        assert 'hx-get="/billing/spend/"' in web.get(path).content.decode()
    with django_assert_max_num_queries(4):
        part = web.get("/billing/spend/", headers={"HX-Request": "true"})

    assert b"<html" not in part.content
    assert b"<svg" in part.content
    assert len(part.content) <= 25 * 1024


def test_nothing_spent_and_in_dutch(bram: User, anna: User, web: Client) -> None:
    make_invoice(anna)
    dutch = words(web.get("/billing/spend/", headers={"Accept-Language": "nl"}))
    assert "Uitgaven Inclusief btw" in dutch
    assert "in 12 maanden" in dutch
    web.force_login(bram)
    assert "Nothing was charged in the past 12 months." in words(
        web.get("/billing/spend/")
    )
