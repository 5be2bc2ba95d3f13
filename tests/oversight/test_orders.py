"""The orders of the list and of its groups."""

import datetime as dt
import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from selfservice.accounts.models import User
from selfservice.catalog.models import Frequency
from selfservice.core import clock
from selfservice.oversight.queries import ORDERS, Search, purchases_page
from selfservice.subscriptions.models import Subscription
from tests.factories.accounts import make_user
from tests.factories.catalog import make_offer, make_product_with_plan
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_profile, make_subscription

pytestmark = pytest.mark.django_db(databases=["default", "oversight"])
URL = "/oversight/purchases/"


def see(person: User, **query: Any) -> HttpResponse:
    client = Client()
    client.force_login(person)
    return client.get(URL, query)


def products(person: User, sort: str, **query: Any) -> list[str]:
    rows = see(person, sort=sort, **query).context["rows"]
    return [row.subscription.product.name for row in rows]


def groups(person: User, by: str, sort: str) -> list[str]:
    page = see(person, group=by, sort=sort)
    return [group.name for group, _url in page.context["groups"]]


def days(count: int) -> dt.datetime:
    return clock.now() + dt.timedelta(days=count)


def bought(buyer: User, name: str, **fields: Any) -> Subscription:
    return make_subscription(buyer, make_product_with_plan(name), **fields)


def never_paid(buyer: User, name: str) -> Subscription:
    none = dict.fromkeys(("bought_at", "term_start", "term_end"))
    return bought(
        buyer, name, order_state="pending", stripe_status="incomplete", **none
    )


def test_a_status_is_sorted_as_life_goes_then_by_what_ends_first(
    anna: User, carla: User
) -> None:
    bought(anna, "Off", disabled_at=days(-1))
    bought(anna, "Over", term_start=days(-400), term_end=days(-9))
    bought(anna, "Late", stripe_status="past_due")
    bought(anna, "Tried", trial_end=days(20))
    bought(anna, "Long", term_end=days(300))
    bought(anna, "Short", term_end=days(200))
    never_paid(anna, "Waits")

    life = ["Waits", "Short", "Long", "Tried", "Late", "Over", "Off"]
    assert products(carla, "status") == life
    back = ["Off", "Over", "Late", "Tried", "Short", "Long", "Waits"]
    assert products(carla, "-status") == back


def test_what_was_never_paid_expires_last_both_ways(anna: User, carla: User) -> None:
    never_paid(anna, "Waits")
    bought(anna, "Later", term_end=days(200))
    bought(anna, "Sooner", term_end=days(100))

    assert products(carla, "expiry") == ["Sooner", "Later", "Waits"]
    assert products(carla, "-expiry") == ["Later", "Sooner", "Waits"]


def test_prices_of_two_currencies_are_each_sorted_for_themselves(
    anna: User, carla: User
) -> None:
    """Ten thousand yen are less than a hundred euros, and say so nowhere."""
    profiles = {"EUR": None, "JPY": make_profile(anna, currency="JPY")}
    for name, currency, amount, quantity in (
        ("Many", "EUR", 300, 100),
        ("Dear", "EUR", 20_000, 1),
        ("Cheap", "EUR", 500, 2),
        ("Yen", "JPY", 10_000, 1),
        ("Few yen", "JPY", 100, 1),
    ):
        offer = make_offer(name=name, amount_minor=amount, currency=currency)
        profile = profiles[currency]
        make_subscription(anna, offer=offer, quantity=quantity, profile=profile)

    assert products(carla, "price") == ["Cheap", "Dear", "Many", "Few yen", "Yen"]
    assert products(carla, "-price") == ["Many", "Dear", "Cheap", "Yen", "Few yen"]


def test_the_price_that_is_shown_is_the_one_that_sorts(
    anna: User, carla: User, bram: User
) -> None:
    """Of a trial that is what is paid afterwards, never less than people hold one."""
    trial = {"term_end": days(20), "trial_end": days(20)}
    for number, fields in enumerate(
        (
            {"quantity": 25, "quantity_after_trial": 1, **trial},
            {"quantity": 25, "quantity_after_trial": 7, **trial},
            {"quantity": 4},
            {"quantity": 5, "quantity_after_trial": 2, "trial_end": days(-300)},
            {"quantity": 6, "quantity_after_trial": 3, "trial_end": None},
        )
    ):
        bought(anna, f"P{number}", **fields)
    give_licenses(Subscription.objects.get(product__name="P0"), [anna, bram])
    never = never_paid(anna, "Waits")
    Subscription.objects.filter(pk=never.pk).update(quantity_after_trial=4)

    rows, total = purchases_page(
        anna.organization_id, Search(), clock.now(), sort="price", start=0
    )

    shown = [row.period_total.minor for row in rows]
    assert shown == sorted(shown)
    assert len(set(shown)) == 5
    assert total == 6


def test_licenses_bought_are_sorted_apart_from_those_assigned(
    anna: User, bram: User, carla: User
) -> None:
    few, many = bought(anna, "Few", quantity=2), bought(anna, "Many", quantity=9)
    give_licenses(few, [anna, bram])
    give_licenses(many, [anna])

    assert products(carla, "bought") == ["Few", "Many"]
    assert products(carla, "-bought") == ["Many", "Few"]
    assert products(carla, "-assigned") == ["Few", "Many"]


@pytest.mark.parametrize("sort", sorted(ORDERS))
def test_every_order_shows_everything_once_however_it_is_filtered(
    anna: User, carla: User, sort: str
) -> None:
    plan, zoe = make_product_with_plan("Plan"), make_user(anna.organization, "Zoë")
    same = {"term_start": days(-40)}
    every = [
        make_subscription(buyer, plan, **same)
        for buyer in (anna, zoe)
        for _number in range(30)
    ]

    for query in ({}, {"spot": "shared"}, {"q": "pl"}, {"status": "active"}):
        seen = [
            row.subscription.pk
            for page in (1, 2)
            for row in see(carla, sort=sort, page=page, **query).context["rows"]
        ]
        assert len(seen) == len(every)
        assert set(seen) == {each.pk for each in every}


def test_every_column_says_its_order_and_leads_to_the_other(
    anna: User, carla: User
) -> None:
    make_subscription(anna)

    def heads(sort: str) -> list[tuple[str, list[str]]]:
        """What `aria-sort` says of each column, and which orders it leads to."""
        page = see(carla, sort=sort).content.decode()
        [head] = re.findall("<thead[^>]*>(.*?)</thead>", page, re.DOTALL)
        return [
            (
                re.sub(r'.*aria-sort="(\w+)".*|.*', r"\1", th),
                re.findall("sort=([-a-z]+)", th),
            )
            for th in re.findall("<th .*?</th>", head)
        ]

    others = [
        ("", ["purchaser"]),
        ("", ["purchased"]),
        ("", ["assigned", "bought"]),
        ("", ["status"]),
        ("", ["expiry"]),
    ]
    assert heads("") == [("ascending", ["-product"]), *others, ("", ["price"])]
    assert heads("price") == [("", ["product"]), *others, ("ascending", ["-price"])]
    assert heads("-bought")[3] == ("descending", ["assigned", "bought"])
    assert heads("bought")[3] == ("ascending", ["assigned", "-bought"])


def test_groups_are_sorted_by_every_column(anna: User, bram: User, carla: User) -> None:
    monthly = make_offer(name="Monthly", amount_minor=1000)
    yearly = make_offer(name="yearly", amount_minor=24_000, frequency=Frequency.YEARLY)
    dollars = make_offer(name="Dollars", amount_minor=100, currency="USD")
    off = make_offer(name="Off", amount_minor=9000)
    give_licenses(make_subscription(anna, offer=monthly, quantity=4), [anna, bram])
    make_subscription(bram, offer=monthly, quantity=1)
    give_licenses(make_subscription(anna, offer=yearly, quantity=3), [anna])
    profile = make_profile(anna, currency="USD")
    make_subscription(anna, offer=dollars, quantity=8, profile=profile)
    make_subscription(anna, offer=off, disabled_at=days(-1))

    for sort, expected in (
        ("name", ["Dollars", "Monthly", "Off", "yearly"]),
        ("-name", ["yearly", "Off", "Monthly", "Dollars"]),
        ("-others", ["Monthly", "Dollars", "Off", "yearly"]),
        ("-subscriptions", ["Monthly", "Dollars", "Off", "yearly"]),
        ("-assigned", ["Monthly", "yearly", "Dollars", "Off"]),
        ("bought", ["Off", "yearly", "Monthly", "Dollars"]),
        ("idle", ["Off", "yearly", "Monthly", "Dollars"]),
        # 50 and 60 euros; then dollars; who pays nothing last, both ways.
        ("spend", ["Monthly", "yearly", "Dollars", "Off"]),
        ("-spend", ["yearly", "Monthly", "Dollars", "Off"]),
    ):
        assert groups(carla, "product", sort) == expected, sort


def test_an_order_of_another_table_is_none(anna: User, carla: User) -> None:
    bought(anna, "Plan")

    grouped, listed = (
        see(carla, group="product", sort="-price"),
        see(carla, sort="idle"),
    )

    assert grouped.context["sort"] == "name"
    assert listed.context["sort"] == "product"
