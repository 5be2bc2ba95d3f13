"""The search in the header: one's own things, of four kinds."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains
from pytest_django.fixtures import DjangoAssertNumQueries

from selfservice.accounts.models import Organization, User
from selfservice.core import clock
from tests.factories.accounts import make_user
from tests.factories.billing import make_invoice, make_invoices
from tests.factories.catalog import make_offer
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def found(client: Client) -> Callable[..., dict[str, list[str]]]:
    """What somebody finds: titles by the heading of their group."""

    def search(person: User, text: str) -> dict[str, list[str]]:
        client.force_login(person)
        page = client.get("/search/", {"q": text}).content.decode()
        groups = re.findall(r'<h2 id="found-(\w+)">(.*?)</section>', page, re.DOTALL)
        return {
            key: [
                re.sub("<.*?>", "", title)
                for title in re.findall(r'<a href="[^"]*"><b>(.*?)</b>', part)
            ]
            for key, part in groups
        }

    return search


def test_it_finds_four_kinds_of_ones_own_things(
    anna: User, noordzee: Organization, found: Callable[..., dict[str, list[str]]]
) -> None:
    offer = make_offer(name="Bergen Maps")
    zoe = make_user(noordzee, "Zoë van den Bergh")
    subscription = make_subscription(anna, offer=offer)
    give_licenses(subscription, [zoe])
    make_invoice(anna, number="BERG-0007")

    assert found(anna, "berg") == {
        "subscriptions": ["Bergen Maps"],
        "people": ["Zoë van den Bergh"],
        "invoices": ["BERG-0007"],
        "products": ["Bergen Maps"],
    }


def test_nobody_finds_what_is_another_ones(
    anna: User,
    bram: User,
    dirk: User,
    carla: User,
    found: Callable[..., dict[str, list[str]]],
) -> None:
    offer = make_offer(name="Bergen Maps")
    give_licenses(make_subscription(anna, offer=offer), [bram])
    make_invoice(anna, number="BERG-0007")

    for stranger in (bram, carla, dirk):
        assert found(stranger, "berg") == {"products": ["Bergen Maps"]}
        assert found(stranger, "bram") == {}


def test_who_lost_the_license_and_what_is_deleted_are_not_found(
    anna: User, bram: User, found: Callable[..., dict[str, list[str]]]
) -> None:
    offer = make_offer(name="Bergen Maps")
    subscription = make_subscription(anna, offer=offer)
    give_licenses(subscription, [bram])
    subscription.assignments.update(ended_at=clock.now())
    long_ago = clock.now() - dt.timedelta(days=400)
    type(subscription).objects.update(term_end=long_ago, recurring_billing=False)

    assert found(anna, "berg") == {"products": ["Bergen Maps"]}
    assert found(anna, "bram") == {}


def test_any_word_of_a_name_finds_a_person_with_all_their_products(
    anna: User, noordzee: Organization, client: Client
) -> None:
    zoe = make_user(noordzee, "Zoë van den Bergh")
    for name in ("Boards", "Charts"):
        give_licenses(make_subscription(anna, offer=make_offer(name=name)), [zoe])
    client.force_login(anna)

    page = client.get("/search/", {"q": "bergh zoe"})

    assertContains(page, "<b>Zoë van den Bergh</b>", count=1)
    assertContains(page, 'aria-label="Boards: Zoë van den Bergh"')
    assertContains(page, 'aria-label="Charts: Zoë van den Bergh"')
    urls = re.findall(r'href="(/licenses/[^"]+\?q=[^"]*)"', page.content.decode())
    assertContains(client.get(urls[0]), "Zoë van den Bergh")


def test_five_of_a_kind_are_shown_with_the_way_to_the_others(
    anna: User, client: Client
) -> None:
    for number in range(6):
        make_subscription(anna, offer=make_offer(name=f"Boards {number}"))
    make_invoices(anna, 6)
    client.force_login(anna)

    page = client.get("/search/", {"q": "boards"})
    invoices = client.get("/search/", {"q": "nza-"})

    assertContains(page, reverse("subscriptions:products") + "?q=boards")
    assertContains(page, "The first 10 that fit")
    assertContains(invoices, "There are more: type more of the name or the number.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Your products, people with your licenses, your invoices"),
        ("  a ", "Type two letters at least."),
        ("nowhere", "Nothing was found."),
        ("<script>%00'\";--", "Nothing was found."),
        ("x" * 3000, "Nothing was found."),
    ],
    ids=["nothing", "a letter", "unknown", "odd", "long"],
)
def test_what_finds_nothing_is_told(
    anna: User, client: Client, text: str, said: str
) -> None:
    client.force_login(anna)

    assertContains(client.get("/search/", {"q": text}), said)


def test_every_page_has_the_box_and_the_text_stays_in_it(
    anna: User, client: Client
) -> None:
    client.force_login(anna)

    assertContains(client.get("/help/"), 'role="search" action="/search/"')
    assertContains(client.get("/search/", {"q": "berg"}), 'value="berg"')
    assertNotContains(client.get("/products/", {"q": "berg"}), 'value="berg" accesskey')
    client.logout()
    assertNotContains(client.get("/accounts/login/"), 'action="/search/"')


def test_it_costs_eight_statements_however_much_there_is(
    anna: User,
    bram: User,
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(6):
        offer = make_offer(name=f"Berg {number}")
        subscription = make_subscription(anna, offer=offer)
        give_licenses(subscription, [bram])
    make_invoices(anna, 9, title="Berg")
    client.force_login(anna)

    for text in ("berg", "bram", "nza", "nothing"):
        with django_assert_max_num_queries(8):
            client.get("/search/", {"q": text})


def test_it_only_reads(anna: User, client: Client) -> None:
    assert client.get("/search/", {"q": "berg"}).status_code == 302
    client.force_login(anna)

    assert client.post("/search/", {"q": "berg"}).status_code == 405
