import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.core.dates import add_months
from tests.factories.billing import make_invoice
from tests.factories.catalog import make_offer, make_product_with_plan
from tests.factories.subscriptions import make_card, make_profile, make_subscription

pytestmark = pytest.mark.django_db


def see(person: User, **headers: str) -> HttpResponse:
    client = Client(headers=headers)
    client.force_login(person)
    return client.get("/")


def words(response: HttpResponse) -> str:
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text).replace("&#x27;", "'")


def titles(response: HttpResponse) -> list[str]:
    return [item.title for item in response.context["items"]]


def days(number: float) -> dt.timedelta:
    return dt.timedelta(days=number)


def test_a_colleague_without_purchases_lands_on_my_licenses(bram: User) -> None:
    assert see(bram)["Location"] == "/my-licenses/"


def test_an_admin_without_purchases_lands_on_what_others_bought(
    carla: User, rik: User
) -> None:
    for admin in (carla, rik):
        assert see(admin)["Location"] == "/oversight/purchases/"


def test_an_admin_who_bought_something_has_a_home(carla: User) -> None:
    make_subscription(carla)

    assert see(carla).status_code == 200


def test_nobody_comes_in_without_signing_in(client: Client) -> None:
    assert client.get("/")["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_other_methods_are_refused(anna: User, client: Client, method: str) -> None:
    client.force_login(anna)

    assert getattr(client, method)("/").status_code == 405


def test_a_purchaser_reads_what_is_in_use_and_what_comes(anna: User) -> None:
    make_subscription(anna, make_product_with_plan("Plan"), quantity=4, assigned=1)
    make_invoice(anna, number="NZA-2026-0001")

    shown = words(see(anna))

    for word in (
        "Nothing needs you today. Everything is running.",
        "1 of 4 assigned",
        "3 available",
        "NZA-2026-0001",
    ):
        assert word in shown


def test_as_a_fragment_only_the_cards_are_sent(anna: User) -> None:
    make_subscription(anna)

    response = see(anna, **{"HX-Request": "true"})

    assert b"<html" not in response.content
    assert b"attention-head" in response.content


def in_trouble(anna: User) -> None:
    """One subscription ends, one waits for the bank, one couldn't be charged."""
    start = clock.now() - days(350)
    ending = make_product_with_plan("Ending")
    make_subscription(
        anna,
        ending,
        term_start=start,
        term_end=clock.now() + days(5),
        recurring_billing=False,
        assigned=2,
    )
    make_subscription(
        anna,
        make_product_with_plan("Waiting"),
        order_state="pending",
        term_start=None,
        term_end=None,
        bought_at=None,
    )
    late = make_subscription(
        anna, make_product_with_plan("Late"), stripe_status="past_due"
    )
    make_invoice(
        anna,
        title="Late",
        status="open",
        attempted=True,
        subscription_id=late.pk,
        total_minor=15851,
    )


def test_the_worst_comes_first(anna: User) -> None:
    in_trouble(anna)

    response = see(anna)

    assert titles(response)[:2] == [
        "Late: payment of €158.51 failed",
        "Waiting: payment pending",
    ]
    assert titles(response)[2].startswith("Ending ends on ")
    assert "2 things need you today." in words(response)
    assert "2 people lose access on" in words(response)
    assert f"/orders/{response.context['items'][1].url.split('/')[2]}/" in (
        response.content.decode()
    )


def test_a_past_due_subscription_without_its_invoice_is_told(anna: User) -> None:
    make_subscription(anna, make_product_with_plan("Late"), stripe_status="past_due")

    assert titles(see(anna)) == ["Late is past due"]


@pytest.mark.parametrize(("late", "told"), [(31, True), (62, False)])
def test_what_was_never_paid_says_that_nobody_can_use_it(
    anna: User, late: int, told: bool
) -> None:
    make_subscription(
        anna, make_product_with_plan("Late"), past_due_since=clock.now() - days(late)
    )

    page = see(anna)

    assert (
        "Late is disabled It wasn't paid, so nobody can use it." in words(page)
    ) is (told)
    assert ("Nothing needs you today" in words(page)) is not told


def test_what_was_canceled_at_once_is_not_told(anna: User) -> None:
    make_subscription(
        anna, make_product_with_plan("Off"), disabled_at=clock.now() - days(1)
    )

    assert titles(see(anna)) == []


def test_an_expired_subscription_says_who_loses_access(anna: User) -> None:
    make_subscription(
        anna,
        make_product_with_plan("Plan"),
        term_start=clock.now() - days(40),
        term_end=clock.now() - days(5),
        recurring_billing=False,
        assigned=1,
    )

    assert "Plan has expired 1 person loses access on" in words(see(anna))


def test_a_trial_says_what_it_becomes(anna: User) -> None:
    make_subscription(
        anna,
        offer=make_offer(
            make_product_with_plan("Flow"), amount_minor=1000, term="month"
        ),
        quantity=6,
        trial_end=clock.now() + days(7),
        term_end=clock.now() + days(7),
        stripe_status="trialing",
    )

    response = see(anna)

    assert titles(response)[0].startswith("Flow: trial ends on")
    assert "Then 6 licenses for €60.00, excl. tax." in words(response)


def test_a_card_that_expires_before_its_next_charge_is_named_once(anna: User) -> None:
    profile = make_profile(anna)
    soon = add_months(clock.now(), 12)
    profile.payment_method = make_card(
        profile, exp_year=soon.year - 1, exp_month=soon.month, last4="1881"
    )
    for name in ("Plan", "Meet"):
        offer = make_offer(make_product_with_plan(name), frequency="yearly")
        make_subscription(anna, offer=offer, profile=profile)

    response = see(anna)

    [title] = titles(response)
    assert title.startswith("Visa •••• 1881 expires in")
    assert "It pays for Plan, Meet." in words(response)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "€51.50"),
        ({"recurring_billing": False}, "€51.50"),
        ({"stripe_status": "past_due"}, "Nothing will be charged."),
        ({"disabled_at": clock.now()}, "Nothing will be charged."),
    ],
)
def test_a_year_billed_monthly_is_charged_until_its_end(
    anna: User, fields: dict[str, Any], expected: str
) -> None:
    make_subscription(anna, term_start=clock.now() - days(5), **fields)

    assert expected in words(see(anna))


def test_the_last_month_is_charged_only_if_it_renews(anna: User) -> None:
    end = clock.now() + days(10)
    make_subscription(
        anna,
        term_start=add_months(end, -12),
        term_end=end,
        period_end=end,
        recurring_billing=False,
    )

    assert "Nothing will be charged." in words(see(anna))


def test_a_smaller_number_at_renewal_is_what_is_charged(anna: User) -> None:
    end = clock.now() + days(10)
    make_subscription(
        anna,
        quantity=5,
        scheduled_quantity=2,
        term_start=add_months(end, -12),
        term_end=end,
        period_end=end,
    )

    assert "2 licenses €20.60" in words(see(anna))


def test_a_charge_that_is_far_away_is_told_in_a_sentence(anna: User) -> None:
    yearly = make_offer(make_product_with_plan("Plan"), frequency="yearly")
    make_subscription(anna, offer=yearly, quantity=1)

    assert "Nothing in the next 30 days. The next is €10.30, excl. tax, on" in (
        words(see(anna))
    )


@pytest.mark.parametrize(
    ("hour", "words_of_it"),
    [(6, "Good morning, Anna"), (13, "Good afternoon, Anna"), (20, "Good evening")],
)
def test_the_greeting_knows_the_hour_where_the_organization_is(
    anna: User, hour: int, words_of_it: str
) -> None:
    make_subscription(anna)
    client = Client()

    with time_machine.travel(dt.datetime(2026, 11, 23, hour - 1, 30, tzinfo=dt.UTC)):
        client.force_login(anna)
        assert words_of_it in words(client.get("/"))


def test_another_purchasers_things_are_not_counted(anna: User, bram: User) -> None:
    make_subscription(anna, quantity=7)
    make_subscription(bram, quantity=3)

    assert "0 of 3 assigned" in words(see(bram))


def test_the_page_stays_within_its_budget(
    anna: User, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        make_subscription(anna, stripe_status="past_due")
        make_subscription(anna)
        make_invoice(anna, status="open", attempted=True)
    client.force_login(anna)

    with django_assert_max_num_queries(7):
        response = client.get("/")

    assert len(response.content) <= 40 * 1024
