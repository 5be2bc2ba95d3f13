"""The licensed people of a product: filters, order, Export."""

import datetime as dt
import re
import tracemalloc
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from selfservice.accounts.models import Organization, User
from selfservice.catalog.models import Frequency
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.dates import AMSTERDAM
from tests.factories.accounts import make_people, make_user
from tests.factories.catalog import make_offer
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription

HTMX = {"HX-Request": "true", "HX-Target": "list"}


@pytest.fixture
def planboard(anna: User, client: Client) -> Subscription:
    client.force_login(anna)
    return make_subscription(
        anna, quantity=6000, offer=make_offer(name="Planboard Plus", slug="planboard")
    )


def url_of(subscription: Subscription, page: str = "") -> str:
    return f"/licenses/{subscription.product_id}/{page}"


def shown(client: Client, url: str, **query: object) -> list[str]:
    return names_on(client.get(url, query).content.decode())


def names_on(page: str) -> list[str]:
    return re.findall(r'<div class="per"><span[^>]*>\w+</span><div><b>(.*?)</b>', page)


def link(page: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="(.*?)"', page)
    return found and found[1].replace("&amp;", "&")


def test_words_in_any_order_and_a_department_narrow_the_list(
    client: Client, planboard: Subscription, noordzee: Organization
) -> None:
    one = make_user(noordzee, "Anna van den Berg", department="Advies")
    other = make_user(noordzee, "Bert Berg", department="Verkoop")
    give_licenses(planboard, [one, other])
    url = url_of(planboard)

    assert shown(client, url, q="berg anna") == ["Anna van den Berg"]
    assert shown(client, url, q="berg") == ["Bert Berg", "Anna van den Berg"]
    assert shown(client, url, q="berg", department="Verkoop") == ["Bert Berg"]
    assert shown(client, url, department="Nowhere") == []


@pytest.mark.parametrize(
    ("billed", "told"),
    [
        (Frequency.YEARLY, ("billed monthly", "billed yearly")),
        (Frequency.MONTHLY, (", 10:07", ", 11:07")),
    ],
    ids=["by their plans", "by the minute"],
)
def test_subscriptions_of_one_day_are_told_apart(
    client: Client,
    anna: User,
    bram: User,
    carla: User,
    billed: Frequency,
    told: tuple[str, str],
) -> None:
    client.force_login(anna)
    one = make_offer()
    product = one.plan.product
    other = (
        one if billed == Frequency.MONTHLY else make_offer(product, frequency=billed)
    )
    for offer, hour, holder in ((one, 10, bram), (other, 11, carla)):
        bought = make_subscription(anna, offer=offer, term_start=at(hour))
        give_licenses(bought, [holder])

    page = client.get(f"/licenses/{product.pk}/?sort=name").content.decode()

    rows = re.findall(r'<td class="low">(.*?)</td>', page)
    choices = re.findall(r'<option value="[0-9a-f-]{36}">(.*?)</option>', page)
    for name, row, choice in zip(told, rows, choices, strict=True):
        assert name in row
        assert name in choice


def at(hour: int) -> dt.datetime:
    """Five days ago, by the organization's clock."""
    day = clock.now().astimezone(ZoneInfo(AMSTERDAM)) - dt.timedelta(days=5)
    return day.replace(hour=hour, minute=7)


def test_since_when_and_which_subscription_narrow_the_list(
    client: Client, planboard: Subscription, anna: User, bram: User, carla: User
) -> None:
    give_licenses(planboard, [bram])
    with time_machine.travel(clock.now() + dt.timedelta(days=20)):
        second = make_subscription(anna, planboard.product)
        give_licenses(second, [carla])
        client.force_login(anna)
        url = url_of(planboard)

        page = client.get(url).content.decode()
        assert "All subscriptions" in page
        assert page.count('<td class="low">') == 2
        assert shown(client, url, since=7) == ["Carla Mulder"]
        assert shown(client, url, since=30) == ["Carla Mulder", "Bram Visser"]
        assert shown(client, url, subscription=planboard.pk) == ["Bram Visser"]
        assert shown(client, url, subscription="x", since="x") == [
            "Carla Mulder",
            "Bram Visser",
        ]


SORTS = ["name", "-name", "department", "-department", "since", "-since"]


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_goes_page_by_page_there_and_back(
    client: Client, planboard: Subscription, noordzee: Organization, sort: str
) -> None:
    people = make_people(noordzee, 60, department="Sales")
    people += [
        make_user(noordzee, f"Person {number:04}", department=department)
        for number, department in (
            (0, "Sales"),
            (0, "Finance"),
            (5, ""),
            (7, "Finance"),
        )
    ]
    people += make_people(noordzee, 56, department="Finance")
    give_licenses(planboard, people)
    if "department" in sort:
        people.sort(key=lambda person: (person.department, person.display_name))
    if "name" in sort:
        people.sort(key=lambda person: person.display_name)
    names = [person.display_name for person in people]
    url = url_of(planboard)

    first = client.get(url, {"sort": sort}).content.decode()
    second = client.get(url + link(first, "next")).content.decode()
    third = client.get(url + link(second, "next")).content.decode()
    back = client.get(url + link(third, "prev")).content.decode()

    expected = names[::-1] if sort.startswith("-") else names
    assert names_on(first) + names_on(second) + names_on(third) == expected
    assert names_on(back) == names_on(second)
    assert (link(first, "prev"), link(third, "next")) == (None, None)


def test_all_that_match_can_be_selected(
    client: Client, planboard: Subscription, noordzee: Organization
) -> None:
    give_licenses(planboard, make_people(noordzee, 60, department="Advies"))
    give_licenses(planboard, make_people(noordzee, 2))

    everybody = client.get(url_of(planboard)).content.decode()
    some = client.get(url_of(planboard), {"department": "Advies"}).content.decode()

    assert "All 62 people</label>" in everybody
    assert "All 60 people that match</label>" in some
    assert "<small>by you</small>" in some
    assert '<input type="hidden" name="department" value="Advies">' in some


@pytest.mark.parametrize("sort", ["-since", "name"])
def test_more_than_can_be_unassigned_at_once_are_not_counted(
    client: Client,
    planboard: Subscription,
    noordzee: Organization,
    monkeypatch: pytest.MonkeyPatch,
    sort: str,
) -> None:
    sales = make_people(noordzee, 62, department="Sales")
    give_licenses(planboard, [*sales, *make_people(noordzee, 30, department="Care")])
    url = url_of(planboard)

    def page(most: int, **query: str) -> str:
        for module in ("people", "views.product", "views.unassign"):
            monkeypatch.setattr(f"licensing.{module}.MOST_AT_ONCE", most)
        return client.get(url, {"sort": sort, **query}).content.decode()

    for most, count in ((100, "62 people"), (62, "62 people")):
        first = page(most, department="Sales")
        assert f"All {count} that match" in first
        assert len(names_on(first)) == 50
        rest = client.get(url + (link(first, "next") or "")).content.decode()
        assert len(set(names_on(first) + names_on(rest))) == 62
    first = page(61, department="Sales")
    assert "that match" not in first
    assert "More than 61 people" in first
    later = client.get(url + (link(first, "next") or "")).content.decode()
    assert "More than 61 people" in later
    assert len(names_on(later)) == 12
    # Of all that are licensed the counter is known.
    assert "All 92 people" in page(61)
    asked = {"all": "1", "department": "Sales"}
    box = client.get(url_of(planboard, "unassign/"), asked).content.decode()
    assert "At most 61 licenses can be unassigned at a time." in box


def test_a_full_page_is_small_and_takes_few_statements(
    client: Client, planboard: Subscription, anna: User, noordzee: Organization
) -> None:
    people = [
        make_user(
            noordzee,
            f"Johanna van der Velde {number}",
            email=f"johanna.vandervelde{number}@noordzee.example",
            department="Projecten en advies",
        )
        for number in range(110)
    ]
    give_licenses(planboard, people)
    make_subscription(anna, planboard.product)
    url, query = url_of(planboard), {"sort": "name", "q": "jo", "since": 30}
    following = url + str(link(client.get(url, query).content.decode(), "next"))

    with CaptureQueriesContext(connection) as queries:
        page = client.get(following)
    fragment = client.get(following, headers=HTMX)

    assert names_on(page.content.decode())
    assert len(queries) <= 7
    assert len(page.content) <= 40 * 1024
    assert len(fragment.content) <= 25 * 1024


def test_export_holds_what_the_filter_leaves(
    client: Client, planboard: Subscription, noordzee: Organization
) -> None:
    one = make_user(noordzee, "=Formula Berg", department="Advies")
    give_licenses(planboard, [one, *make_people(noordzee, 3)])
    url = url_of(planboard, "export/")

    whole = client.get(url).getvalue().decode("utf-8-sig").splitlines()
    some = client.get(url, {"department": "Advies"}).getvalue().decode("utf-8-sig")

    assert whole[0] == "Name,Email,Department,Assigned on,Assigned by,Subscription"
    assert len(whole) == 5
    row = some.splitlines()[1]
    assert row.startswith(f"'=Formula Berg,{one.email},Advies,")
    assert ",Anna de Vries," in row
    assert len(some.splitlines()) == 2


def test_export_needs_the_same_memory_for_many(
    client: Client, planboard: Subscription, noordzee: Organization
) -> None:
    give_licenses(planboard, make_people(noordzee, 5000))
    response = client.get(url_of(planboard, "export/"))

    tracemalloc.start()
    try:
        lines = sum(chunk.count(b"\n") for chunk in response.streaming_content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert lines == 5001
    assert peak < 32_000_000


def test_strangers_export_nothing(
    client: Client, planboard: Subscription, bram: User, dirk: User
) -> None:
    for person in (bram, dirk):
        client.force_login(person)
        assert client.get(url_of(planboard, "export/")).status_code == 404
