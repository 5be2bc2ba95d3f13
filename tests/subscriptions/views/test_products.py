"""Your products, the details page and Purchase services."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions.listing import PAGE_SIZE
from selfservice.subscriptions.models import OrderState
from tests.factories.catalog import make_offer, make_product_with_plan
from tests.factories.subscriptions import make_subscription

LIST = "/products/"


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def shown(answer: Any) -> str:
    return str(answer.content.decode())


def statements(web: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert web.get(address).status_code == 200
    return len(seen)


def test_what_was_bought_is_listed(web: Client, anna: User) -> None:
    make_subscription(anna, make_product_with_plan("Planboard Plus"), quantity=25)

    html = shown(web.get(LIST))

    assert "Planboard Plus" in html
    assert "0/25" in html
    assert "Renews with 25 licenses" in html


def test_an_empty_list_leads_to_the_shop(web: Client) -> None:
    html = shown(web.get(LIST))

    assert "bought anything yet" in html
    assert reverse("subscriptions:marketplace") in html


def test_other_peoples_purchases_are_not_listed(
    web: Client, bram: User, dirk: User
) -> None:
    make_subscription(bram, make_product_with_plan("Of Bram"))
    make_subscription(dirk, make_product_with_plan("Of Dirk"))

    html = shown(web.get(LIST))

    assert "Of Bram" not in html
    assert "Of Dirk" not in html


def test_the_self_service_filter_stands_in_the_address(web: Client, anna: User) -> None:
    make_subscription(anna, make_product_with_plan("Planboard Plus"))

    html = shown(web.get(LIST, {"channel": "self-service"}))

    assert "Planboard Plus" in html
    assert "Remove filter: Self-service" in html


def test_a_filter_that_fits_nothing_offers_all(web: Client, anna: User) -> None:
    make_subscription(anna)

    assert "Clear filters" in shown(web.get(LIST, {"status": "disabled"}))


def test_nonsense_in_the_address_filters_nothing(web: Client, anna: User) -> None:
    make_subscription(anna, make_product_with_plan("Planboard Plus"))
    query = {"status": "x", "sort": "x", "page": "-1", "channel": "x"}

    assert "Planboard Plus" in shown(web.get(LIST, query))


def test_declined_orders_are_not_listed(web: Client, anna: User) -> None:
    make_subscription(
        anna, make_product_with_plan("Sketchroom"), order_state=OrderState.DECLINED
    )

    assert "Sketchroom" not in shown(web.get(LIST))


def test_the_fragment_is_only_the_list(web: Client, anna: User) -> None:
    answer = web.get(LIST, headers={"HX-Request": "true"})

    assert "<html" not in shown(answer)
    assert 'id="list"' in shown(answer)
    assert "HX-Request" in answer["Vary"]


def test_the_list_costs_as_much_for_fifty_as_for_one(web: Client, anna: User) -> None:
    make_subscription(anna)
    one = statements(web, LIST)
    for _ in range(50):
        make_subscription(anna)

    assert statements(web, LIST) == one <= 7


def test_details_stay_within_their_statements(web: Client, anna: User) -> None:
    made = make_subscription(anna)

    address = reverse("subscriptions:details", args=[made.pk])

    assert statements(web, address) <= 12


def test_details_show_contract_and_card(web: Client, anna: User) -> None:
    made = make_subscription(anna, make_product_with_plan("Planboard Plus"))

    html = shown(web.get(reverse("subscriptions:details", args=[made.pk])))

    assert "Visa •••• 4242" in html
    assert "Lifecycle" in html


def test_the_shop_hints_at_what_one_has(web: Client, anna: User) -> None:
    product = make_product_with_plan("Planboard Plus")
    make_subscription(anna, product, quantity=3)

    html = shown(web.get(reverse("subscriptions:product", args=[product.slug])))

    assert "You have 3 free licenses for this product." in html


def test_the_shop_shows_prices_in_the_buyers_currency(web: Client) -> None:
    make_offer(name="In euros", currency="EUR")
    make_offer(name="In dollars", currency="USD")

    html = shown(web.get("/marketplace/"))

    assert "In euros" in html
    assert "In dollars" not in html


def test_the_shop_finds_by_word_and_category(web: Client) -> None:
    make_offer(name="Planboard", category="projects")
    make_offer(name="Meetings", category="meetings")

    html = shown(web.get("/marketplace/", {"q": "plan", "category": "projects"}))

    assert "Planboard" in html
    assert "Meetings</a>" not in html


def test_pages_want_a_sign_in(client: Client) -> None:
    assert client.get(LIST)["Location"].startswith("/accounts/login/")


def test_lists_are_only_read(web: Client) -> None:
    assert web.post(LIST).status_code == 405
    assert web.delete("/marketplace/").status_code == 405


@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_full_page_stays_light(web: Client, anna: User, language: str) -> None:
    for number in range(PAGE_SIZE + 1):
        make_subscription(anna, make_product_with_plan(f"Planboard Plus {number}"))
    web.cookies["django_language"] = language

    assert len(web.get(LIST).content) <= 40_000
    assert len(web.get(LIST, headers={"HX-Request": "true"}).content) <= 25_000


def test_a_renewal_that_stripe_works_on_is_said_to_be_in_progress(
    client: Client, anna: User
) -> None:
    client.force_login(anna)
    ended = clock.now() - dt.timedelta(hours=5)
    make_subscription(anna, term_start=ended - dt.timedelta(days=365), term_end=ended)

    content = client.get("/products/").content.decode()

    assert "Renewal in progress" in content
    assert "Active" in content
