"""The people who have a product's licenses."""

import datetime as dt
import re
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from selfservice.accounts.models import Organization, User
from selfservice.core import clock
from selfservice.subscriptions.models import OrderState, Subscription
from tests.factories.accounts import make_people, make_user
from tests.factories.catalog import make_offer
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription

HTMX = {"HX-Request": "true", "HX-Target": "list"}


@pytest.fixture
def planboard(anna: User) -> Subscription:
    return make_subscription(
        anna, quantity=300, offer=make_offer(name="Planboard Plus", slug="planboard")
    )


def url_of(subscription: Subscription) -> str:
    return f"/licenses/{subscription.product_id}/"


def names_on(page: str) -> list[str]:
    return re.findall(
        r'<div class="per"><span class="avatar[^>]*>\w+</span><div><b>(.*?)</b>', page
    )


def link(page: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="(.*?)"', page)
    return found and found[1].replace("&amp;", "&")


def test_the_page_names_who_has_a_license(
    client: Client, planboard: Subscription, anna: User, noordzee: Organization
) -> None:
    sanne = make_user(noordzee, "Sanne de Wit", department="Advies")
    give_licenses(planboard, [sanne])
    client.force_login(anna)

    page = client.get(url_of(planboard)).content.decode()

    assert "1 of 300 licenses assigned · 299 available" in page
    assert "Sanne de Wit" in page
    assert sanne.email in page
    assert ">Advies</td>" in page
    assert "Assign licenses" in page
    assert "Unassign licenses" in page


def test_pages_follow_each_other_in_both_directions(
    client: Client, planboard: Subscription, anna: User, noordzee: Organization
) -> None:
    people = make_people(noordzee, 120)
    give_licenses(planboard, people)
    latest_first = [person.display_name for person in reversed(people)]
    client.force_login(anna)

    first = client.get(url_of(planboard)).content.decode()
    second = client.get(url_of(planboard) + link(first, "next")).content.decode()
    third = client.get(url_of(planboard) + link(second, "next")).content.decode()
    back = client.get(url_of(planboard) + link(third, "prev")).content.decode()

    assert names_on(first) + names_on(second) + names_on(third) == latest_first
    assert names_on(back) == names_on(second)
    assert (link(first, "prev"), link(third, "next")) == (None, None)


def test_a_page_whose_people_lost_theirs_shows_who_is_left(
    client: Client, planboard: Subscription, anna: User, noordzee: Organization
) -> None:
    people = make_people(noordzee, 51)
    give_licenses(planboard, people)
    client.force_login(anna)
    first = client.get(url_of(planboard)).content.decode()
    last = url_of(planboard) + link(first, "next")
    assert names_on(client.get(last).content.decode()) == [people[0].display_name]

    client.post(f"{url_of(planboard)}unassign/", {"people": [people[0].pk]})

    page = client.get(last, headers=HTMX).content.decode()
    assert names_on(page) == [person.display_name for person in reversed(people[1:])]
    assert "Nobody has a license" not in page


def test_search_finds_any_word_of_a_name_and_the_address(
    client: Client, planboard: Subscription, anna: User, noordzee: Organization
) -> None:
    zoe = make_user(noordzee, "Zoë van den Bergh", email="zvdb@noordzee.example")
    give_licenses(planboard, [zoe, *make_people(noordzee, 3)])
    client.force_login(anna)

    for text in ("zoe", "Berg", "van den", "zvdb@noord"):
        page = client.get(url_of(planboard), {"q": text}).content.decode()
        assert names_on(page) == ["Zoë van den Bergh"]
    page = client.get(url_of(planboard), {"q": "zzz"}).content.decode()
    assert "Nobody with a license fits these filters." in page


def test_people_of_another_purchaser_are_not_shown(
    client: Client, planboard: Subscription, anna: User, bram: User, carla: User
) -> None:
    give_licenses(make_subscription(carla, planboard.product), [bram])
    client.force_login(anna)

    page = client.get(url_of(planboard)).content.decode()

    assert "Nobody has a license yet." in page


def test_expired_subscriptions_keep_their_people_but_take_no_new_ones(
    client: Client, planboard: Subscription, anna: User, bram: User
) -> None:
    give_licenses(planboard, [bram])
    Subscription.objects.filter(pk=planboard.pk).update(
        term_end=clock.now() - dt.timedelta(days=1), recurring_billing=False
    )
    client.force_login(anna)

    page = client.get(url_of(planboard)).content.decode()

    assert names_on(page) == ["Bram Visser"]
    assert "Expired" in page
    assert "/assign/" not in page


@pytest.mark.parametrize("page", ["", "assign/", "people/", "unassign/"])
def test_strangers_and_colleagues_get_404(
    client: Client, planboard: Subscription, bram: User, dirk: User, page: str
) -> None:
    make_subscription(bram, planboard.product, order_state=OrderState.PENDING)
    make_subscription(dirk)

    for person in (bram, dirk):
        client.force_login(person)
        response = client.get(url_of(planboard) + page, {"q": "an"}, headers=HTMX)
        assert response.status_code == 404
    assert (
        client.get(f"/licenses/{uuid.uuid4()}/{page}", headers=HTMX).status_code == 404
    )


def test_whoever_is_not_signed_in_is_asked_to(
    client: Client, planboard: Subscription
) -> None:
    response = client.get(url_of(planboard))

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_it_can_only_be_read(
    client: Client, planboard: Subscription, anna: User
) -> None:
    client.force_login(anna)

    assert client.post(url_of(planboard)).status_code == 405


def test_the_fragment_is_the_list_with_the_new_sum(
    client: Client, planboard: Subscription, anna: User
) -> None:
    client.force_login(anna)

    page = client.get(url_of(planboard), headers=HTMX).content.decode()

    assert page.lstrip().startswith('<div id="list"')
    assert '<p id="licenses-sum" hx-swap-oob="true">0 of 300' in page


def test_fifty_people_take_few_statements_and_little_room(
    client: Client, planboard: Subscription, anna: User, noordzee: Organization
) -> None:
    give_licenses(
        planboard,
        [
            make_user(
                noordzee,
                f"Johanna van der Velde {number}",
                email=f"johanna.vandervelde{number}@noordzee.example",
                department="Projecten",
            )
            for number in range(60)
        ],
    )
    client.force_login(anna)

    with CaptureQueriesContext(connection) as queries:
        page = client.get(url_of(planboard))
    fragment = client.get(url_of(planboard), headers=HTMX)

    assert len(queries) <= 4
    assert len(page.content) <= 40 * 1024
    assert len(fragment.content) <= 25 * 1024
