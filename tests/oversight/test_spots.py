"""Duplicates and waste, sums by product and purchaser, and the export."""

import csv
import datetime as dt
import io
import re
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from licensing.models import LicenseAssignment
from licensing.services.assigning import end_licenses_of
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.oversight.queries import Search, find_purchases, whole_of
from selfservice.oversight.spots import count_spots
from selfservice.subscriptions.models import ScheduledChange
from tests.factories.accounts import make_people, make_user
from tests.factories.catalog import make_offer, make_product_with_plan
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_profile, make_subscription

pytestmark = pytest.mark.django_db(databases=["default", "oversight"])
URL = "/oversight/purchases/"


def see(person: User, rest: str = "", **query: Any) -> HttpResponse:
    client = Client()
    client.force_login(person)
    return client.get(URL + rest, query)


def found(response: HttpResponse) -> set[Any]:
    return {row.subscription.pk for row in response.context["rows"]}


def counts(person: User) -> list[int]:
    """Double, shared, idle, left."""
    client = Client()
    client.force_login(person)
    response = client.get("/oversight/spots/")
    return [count for _choice, count in response.context["spots"]]


def words(response: HttpResponse) -> str:
    main = response.content.decode().partition("<main")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def days_ago(days: int) -> dt.datetime:
    return clock.now() - dt.timedelta(days=days)


@pytest.fixture
def zoe(noordzee: Any) -> User:
    return make_user(noordzee, "Zoë van den Bergh")


def test_two_licenses_of_a_product_from_two_purchasers_are_found(
    anna: User, zoe: User, carla: User, bram: User
) -> None:
    plan, meet = make_product_with_plan("Plan"), make_product_with_plan("Meet")
    mine, theirs = make_subscription(anna, plan), make_subscription(zoe, plan)
    other = make_subscription(zoe, meet)
    give_licenses(mine, [bram, carla])
    give_licenses(theirs, [bram])
    give_licenses(other, [bram])

    assert counts(carla)[0] == 1
    assert found(see(carla, spot="double")) == {mine.pk, theirs.pk}
    assert found(see(carla, spot="double", purchaser=str(zoe.pk))) == {theirs.pk}
    details = words(see(carla, f"{mine.pk}/"))
    assert details.count("Also has a license from Zoë van den Bergh") == 1

    LicenseAssignment.objects.filter(subscription=theirs).update(ended_at=clock.now())
    assert counts(carla)[0] == 0
    assert found(see(carla, spot="double")) == set()


def test_who_holds_two_is_read_from_one_index_in_its_order(carla: User) -> None:
    whole = whole_of(carla.organization_id, clock.now())
    found = find_purchases(carla.organization_id, Search(spot="double"), whole.now)
    with connection.cursor() as cursor:
        # With so few rows anything is as cheap.
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    with CaptureQueriesContext(connection) as asked:
        list(found)
        count_spots(whole, "default")

    for query in asked.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Index Only Scan using licenseassignment_held" in plan
        assert re.search(
            r"(WindowAgg|GroupAggregate).*\n.*(Window:|Group Key:).*user_id", plan
        )
    assert len(asked.captured_queries) == 2


def test_products_of_several_purchasers_are_found(
    anna: User, zoe: User, carla: User
) -> None:
    plan, meet = make_product_with_plan("Plan"), make_product_with_plan("Meet")
    both = {make_subscription(anna, plan).pk, make_subscription(zoe, plan).pk}
    # Twice by one person, or over long ago, is no duplicate.
    make_subscription(anna, meet)
    make_subscription(anna, meet)
    make_subscription(zoe, meet, disabled_at=days_ago(1))

    assert counts(carla)[1] == 1
    assert found(see(carla, spot="shared")) == both


def test_licenses_that_nobody_got_for_a_month_are_idle(
    anna: User, carla: User, bram: User
) -> None:
    def bought(days: int, **fields: Any) -> Any:
        start = days_ago(days)
        return make_subscription(anna, quantity=5, term_start=start, **fields)

    idle, half = bought(31), bought(100)
    give_licenses(half, [bram])
    LicenseAssignment.objects.update(assigned_at=days_ago(40))
    lately = bought(100)
    give_licenses(lately, [bram])
    bought(29)
    bought(100, disabled_at=days_ago(3))
    full = make_subscription(anna, quantity=1, term_start=days_ago(60))
    give_licenses(full, [bram])

    assert counts(carla)[2] == 5 + 4
    assert found(see(carla, spot="idle")) == {idle.pk, half.pk}


def test_thirty_days_are_thirty_days_to_the_second(
    anna: User, carla: User, bram: User
) -> None:
    """Of the purchase, of a license that was given, and of one that was given back."""
    month, second = dt.timedelta(days=30), dt.timedelta(seconds=1)
    start = clock.now()
    bought = make_subscription(anna, quantity=5, term_start=start - 2 * month)
    at = start - month + 5 * second
    make_subscription(anna, quantity=7, term_start=at)
    given = make_subscription(anna, quantity=9, term_start=start - 2 * month)
    give_licenses(given, [bram])
    LicenseAssignment.objects.update(assigned_at=at)
    back = make_subscription(anna, quantity=11, term_start=start - 2 * month)
    give_licenses(back, [carla])
    end_licenses_of(anna.organization_id, [carla.pk])
    ended = LicenseAssignment.objects.exclude(ended_at=None)
    assert ended.update(assigned_at=start - 2 * month, ended_at=at) == 1

    seen = []
    for now in (at + month - second, at + month):
        whole = whole_of(anna.organization_id, now)
        seen.append(count_spots(whole, "oversight").idle)

    assert bought.quantity == 5
    assert seen == [5, 5 + 7 + 8 + 11]


def test_purchasers_who_are_disabled_are_found(
    anna: User, zoe: User, carla: User, bram: User
) -> None:
    make_subscription(anna)
    blocked, removed = make_subscription(zoe), make_subscription(bram)
    make_subscription(zoe)
    User.objects.filter(pk=zoe.pk).update(is_active=False)
    User.objects.filter(pk=bram.pk).update(removed_at=clock.now())

    assert counts(carla)[3] == 2
    assert len(found(see(carla, spot="left"))) == 3
    assert words(see(carla)).count("sign in any more") == 3
    assert {blocked.pk, removed.pk} <= found(see(carla, spot="left"))


def test_another_organizations_duplicates_count_for_nothing(
    dirk: User, tulp: Any, carla: User
) -> None:
    plan = make_product_with_plan("Plan")
    other = make_user(tulp, "Tom")
    for buyer in (dirk, other):
        bought = make_subscription(buyer, plan, term_start=days_ago(60))
        give_licenses(bought, [dirk])

    assert counts(carla) == [0, 0, 0, 0]


def test_the_counts_follow_the_page_and_the_links_stand_at_once(
    anna: User, zoe: User, carla: User, bram: User
) -> None:
    plan = make_product_with_plan("Plan")
    for buyer in (anna, zoe):
        make_subscription(buyer, plan)

    page = see(carla, spot="shared").content.decode()
    client = Client()
    client.force_login(carla)
    later = client.get("/oversight/spots/", {"spot": "shared"}).content.decode()

    assert 'hx-get="/oversight/spots/?spot=shared" hx-trigger="load"' in page
    assert 'href="/oversight/purchases/?spot=double"' in page
    assert "Products of several purchasers: <b>1</b>" in later
    client.force_login(bram)
    assert client.get("/oversight/spots/").status_code == 403


def test_a_spot_is_a_chip_that_can_be_taken_away(anna: User, carla: User) -> None:
    make_subscription(anna)

    page = see(carla, spot="left", status="active")

    assert page.context["unspotted_url"] == "?status=active"
    assert "No purchase fits these filters." in words(page)
    assert see(carla, spot="nonsense").status_code == 200


def test_purchases_are_summed_by_product(anna: User, zoe: User, carla: User) -> None:
    plan = make_offer(name="Plan", amount_minor=1000)
    yearly = make_offer(plan.plan.product, amount_minor=12000, frequency="yearly")
    dollars = make_offer(name="Meet", amount_minor=2000, currency="USD")
    make_subscription(anna, offer=plan, quantity=4)
    make_subscription(zoe, offer=yearly, quantity=2)
    profile = make_profile(zoe, currency="USD")
    make_subscription(zoe, offer=dollars, quantity=1, profile=profile)

    page = see(carla, group="product")

    shown = words(page)
    assert "Meet 1 1 0/1 1 US$20.00" in shown
    # 4 × 10 a month, and 2 × 120 a year.
    assert "Plan 2 2 0/6 6 €60.00" in shown
    assert page.context["total"] == 2


def test_purchases_are_summed_by_purchaser(anna: User, zoe: User, carla: User) -> None:
    offer = make_offer(amount_minor=1000)
    make_subscription(anna, offer=offer, quantity=3)
    make_subscription(anna, offer=make_offer(amount_minor=100), quantity=1)
    make_subscription(zoe, offer=offer, disabled_at=days_ago(1))

    page = see(carla, group="purchaser")

    shown = words(page)
    assert "Anna de Vries 2 2 0/4 4 €31.00" in shown
    assert "Zoë van den Bergh 1 1 0/0 0 –" in shown
    [(_row, url), *_rest] = page.context["groups"]
    assert url == f"?purchaser={anna.pk}"
    assert [
        row.name for row, _ in see(carla, group="purchaser", q="Zo").context["groups"]
    ] == ["Zoë van den Bergh"]


def test_all_that_is_filtered_is_exported(anna: User, zoe: User, carla: User) -> None:
    carla.language = "nl"
    carla.save()
    offer = make_offer(name="=Plan", amount_minor=1030)
    make_subscription(anna, offer=offer, quantity=40)
    make_subscription(zoe, offer=offer)

    response = see(carla, export="csv", purchaser=str(anna.pk))
    with translation.override("en"):
        text = b"".join(response.streaming_content).decode()

    head, row = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=";")
    cells = dict(zip(head, row, strict=True))
    assert "self-service-purchases.csv" in response["Content-Disposition"]
    assert cells["Product"] == "'=Plan"
    assert cells["Koper"] == "Anna de Vries"
    assert cells["Status"] == "Actief"
    assert cells["Aankoopprijs, excl. btw"] == "412,00"
    for secret in ("4242", "Kade", "3011", "cus_", "sub_", anna.email):
        assert secret not in text


def test_the_details_show_lifecycle_and_what_is_scheduled(
    anna: User, carla: User
) -> None:
    bought = make_subscription(anna, quantity=10, scheduled_quantity=4)
    ScheduledChange.objects.create(
        organization_id=bought.organization_id,
        subscription=bought,
        quantity=4,
        price=bought.price,
        takes_effect_at=bought.term_end,
        stripe_schedule_id="sub_sched_1",
    )

    shown = words(see(carla, f"{bought.pk}/"))

    assert ": 4 licenses." in shown
    assert "Lifecycle Active" in shown
    assert "Deleted" in shown
    assert "Undo" not in shown


def test_groups_and_spots_stay_within_the_budget(
    anna: User, carla: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    people = make_people(anna.organization, 60)
    offer = make_offer(name="Planboard Plus")
    for buyer in people:
        make_subscription(buyer, offer=offer, term_start=days_ago(40))
    client = Client()
    client.force_login(carla)
    client.get(URL)

    for query in (
        "group=product",
        "group=purchaser",
        *(f"spot={s}" for s in ("double", "shared", "idle", "left")),
    ):
        with django_assert_max_num_queries(7):
            page = client.get(f"{URL}?{query}")
        assert len(page.content) <= 40 * 1024
