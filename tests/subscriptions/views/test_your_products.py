"""Your products: every filter, the groups, the order, and what that costs."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.listing import Search, products_bought, products_page
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.wording import next_sentence
from tests.factories.catalog import make_product_with_plan
from tests.factories.subscriptions import make_card, make_subscription

LIST = "/products/"
DAY = dt.timedelta(days=1)


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def shown(answer: Any) -> str:
    return str(answer.content.decode())


def names(web: Client, **query: str) -> list[str]:
    """The names in the list's rows, in their order."""
    return re.findall(r'/">([^<]+)</a><small>', shown(web.get(LIST, query)))


@pytest.fixture
def one_of_each(anna: User) -> dict[str, Subscription]:
    """A subscription in every state, named after it."""
    now = clock.now()
    long_ago = now - 400 * DAY

    def make(state: str, **fields: Any) -> Subscription:
        product = make_product_with_plan(state.replace("_", " "))
        made: Subscription = make_subscription(anna, product, **fields)
        return made

    ended = {"recurring_billing": False, "term_start": long_ago}
    return {
        lifecycle.PENDING: make("pending", order_state=OrderState.PENDING),
        lifecycle.ACTIVE: make("active"),
        lifecycle.TRIAL: make(
            "trial",
            quantity=25,
            quantity_after_trial=2,
            trial_end=now + 20 * DAY,
            term_end=now + 20 * DAY,
        ),
        lifecycle.PAST_DUE: make("past due", stripe_status="past_due"),
        lifecycle.EXPIRED: make("expired", term_end=now - 5 * DAY, **ended),
        lifecycle.DISABLED: make("disabled", term_end=now - 40 * DAY, **ended),
        lifecycle.DELETED: make("deleted", term_end=now - 200 * DAY, **ended),
    }


@pytest.mark.parametrize("state", list(lifecycle.LABELS))
def test_each_status_finds_its_own(
    web: Client, one_of_each: dict[str, Subscription], state: str
) -> None:
    assert names(web, status=state) == [one_of_each[state].product.name]


def test_deleted_ones_are_listed_only_when_asked_for(
    web: Client, one_of_each: dict[str, Subscription]
) -> None:
    assert len(names(web)) == len(one_of_each) - 1


def test_trials_can_be_asked_for(
    web: Client, one_of_each: dict[str, Subscription]
) -> None:
    assert names(web, channel="trial") == ["trial"]
    assert "Remove filter: Trial" in shown(web.get(LIST, {"channel": "trial"}))


def test_what_ends_can_be_asked_for(
    web: Client, anna: User, one_of_each: dict[str, Subscription]
) -> None:
    now = clock.now()
    for days in (20, 50, 80, 120):
        make_subscription(
            anna,
            make_product_with_plan(f"ends in {days}"),
            recurring_billing=False,
            term_end=now + dt.timedelta(days=days),
        )

    found = {days: set(names(web, expiring=days)) for days in ("30", "60", "90")}

    # Past due for an hour, and expired for five days: both end within 30 days.
    assert found["30"] == {"ends in 20", "past due", "expired"}
    assert found["60"] - found["30"] == {"ends in 50"}
    assert found["90"] - found["60"] == {"ends in 80"}


def test_cards_that_expire_first_can_be_asked_for(web: Client, anna: User) -> None:
    now = clock.now()
    soon = now + 40 * DAY
    old = now.replace(day=1) - DAY
    for name, fields in {
        "renews": {},
        "charged in parts": {"recurring_billing": False},
        "ends anyway": {"recurring_billing": False, "term_end": soon},
        "over": {"recurring_billing": False, "term_end": now - 5 * DAY},
        "card is good": {},
    }.items():
        made = make_subscription(
            anna, make_product_with_plan(name), **{"period_end": soon, **fields}
        )
        if name != "card is good":
            made.payment_method = make_card(
                made.profile, exp_year=old.year, exp_month=old.month
            )
            made.save()

    assert set(names(web, expiring="card")) == {"renews", "charged in parts"}


def test_one_product_can_be_asked_for(web: Client, anna: User) -> None:
    board, talk = (make_product_with_plan(name) for name in ("Board", "Talk"))
    for product in (board, talk, board):
        make_subscription(anna, product)

    assert names(web, product=board.slug) == ["Board", "Board"]
    html = shown(web.get(LIST, {"product": board.slug}))
    assert f'<option value="{board.slug}" selected>' in html
    assert "Clear filters" in html


def test_filters_stay_when_one_searches(web: Client, anna: User) -> None:
    make_subscription(anna)
    query = {"channel": "trial", "status": "active", "expiring": "60", "sort": "-price"}
    html = shown(web.get(LIST, {**query, "group": "product"}))
    for name, value in {**query, "group": "product"}.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in html


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("name", "Alpha"),
        ("-name", "Omega"),
        ("price", "Omega"),
        ("-price", "Alpha"),
        ("assigned", "Alpha"),
        ("-assigned", "Omega"),
        ("next", "Omega"),
        ("-next", "Alpha"),
        ("recurring", "Omega"),
        ("-recurring", "Alpha"),
    ],
)
def test_every_column_sorts(web: Client, anna: User, sort: str, first: str) -> None:
    now = clock.now()
    make_subscription(
        anna, make_product_with_plan("Alpha"), quantity=9, term_end=now + 90 * DAY
    )
    make_subscription(
        anna,
        make_product_with_plan("Omega"),
        quantity=5,
        assigned=3,
        recurring_billing=False,
        term_end=now + 10 * DAY,
    )

    assert names(web, sort=sort)[0] == first


def test_a_trial_is_sorted_by_what_it_will_cost(web: Client, anna: User) -> None:
    now = clock.now()
    make_subscription(
        anna,
        make_product_with_plan("Trial of many"),
        quantity=25,
        quantity_after_trial=1,
        trial_end=now + 20 * DAY,
        term_end=now + 20 * DAY,
    )
    make_subscription(anna, make_product_with_plan("Bought"), quantity=2)

    assert names(web, sort="price") == ["Trial of many", "Bought"]


def test_products_can_be_grouped(web: Client, anna: User) -> None:
    board, talk = (make_product_with_plan(name) for name in ("Board", "Talk"))
    make_subscription(anna, talk, quantity=4)
    make_subscription(anna, board, quantity=10, assigned=3)
    make_subscription(anna, board, quantity=5)

    html = shown(web.get(LIST, {"group": "product"}))

    assert re.findall(r'scope="rowgroup".*?<div><b>(\w+)</b><small>', html) == [
        "Board",
        "Talk",
    ]
    assert "2 subscriptions · 3 of 15 licenses assigned" in html
    assert "1 subscription · 0 of 4 licenses assigned" in html


def test_the_order_of_next_dates_is_the_one_that_is_shown(
    anna: User, one_of_each: dict[str, Subscription]
) -> None:
    now = clock.now()
    page = products_page(purchaser=anna, now=now, search=Search(status=""), number=1)
    dates = [
        next_sentence(row, lifecycle.state_at(row, now))[0]
        for row in page.rows
        # Its place is the order's day, and what is shown is when it lapses.
        if row.order_state == OrderState.CONFIRMED
    ]
    assert dates == sorted(d for d in dates if d)


@pytest.mark.parametrize("query", [{}, {"group": "product"}, {"expiring": "90"}])
def test_the_list_stays_within_its_statements(
    web: Client, anna: User, query: dict[str, str]
) -> None:
    for number in range(30):
        make_subscription(
            anna,
            make_product_with_plan(f"Product {number}"),
            recurring_billing=False,
            term_end=clock.now() + 10 * DAY,
        )
    with CaptureQueriesContext(connection) as seen:
        assert web.get(LIST, query).status_code == 200

    assert len(seen) <= 7


def test_the_list_reads_nobody_elses_rows(anna: User, bram: User) -> None:
    """Whatever others of a large organization bought, one's own are found at once."""
    mine = make_subscription(anna)
    buy_again(make_subscription(bram, mine.product), 20_000)
    searches = [
        Search(),
        Search(status="active", sort="-price"),
        Search(text="plan", expiring=30, sort="name"),
        Search(cards_ending=True, grouped=True),
        Search(trials=True, product="planboard", sort="recurring"),
    ]
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as seen:
        cursor.execute("ANALYZE subscriptions_subscription")
        for search in searches:
            products_page(purchaser=anna, now=clock.now(), search=search, number=1)
        products_bought(anna)
    plans = [explained(each["sql"]) for each in seen.captured_queries]

    # A page each, the groups of one, and the products.
    assert len(plans) == len(searches) + 2
    for plan in plans:
        assert re.search(r"using subscription_(by_purchaser|one_trial)", plan), plan
        assert "Seq Scan on subscriptions_subscription" not in plan


def buy_again(one: Subscription, times: int) -> None:
    """So many rows like one; only what must differ does."""
    own = {"id", "order_key"}
    columns = [f.column for f in Subscription._meta.concrete_fields]
    picked = [f"gen_random_uuid() AS {c}" if c in own else c for c in columns]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO subscriptions_subscription ({', '.join(columns)})"
            f" SELECT {', '.join(picked)} FROM subscriptions_subscription,"
            " generate_series(1, %s) WHERE id = %s",
            [times, one.pk],
        )


def explained(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        return "\n".join(line for (line,) in cursor.fetchall())


def test_what_does_not_apply_says_why_to_everybody(web: Client, anna: User) -> None:
    ended = clock.now() - 40 * DAY
    made = make_subscription(anna, recurring_billing=False, term_end=ended)

    html = shown(web.get(f"/products/{made.pk}"))

    assert re.search(
        r'role="link" aria-disabled="true">.*?Buy licenses<span class="sub">'
        "Only for active subscriptions",
        html,
    )
