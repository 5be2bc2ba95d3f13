"""Purchase services, and a product before it is bought."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from selfservice.accounts.models import Organization, User
from selfservice.catalog.models import Category, Frequency, Product, Term
from selfservice.core import clock
from selfservice.subscriptions.models import OrderState, Subscription
from tests.factories.accounts import make_user
from tests.factories.catalog import make_plan, make_price, make_product
from tests.factories.subscriptions import make_subscription

DUTCH = {"Accept-Language": "nl"}


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


@pytest.fixture
def boards(anna: User) -> Product:
    """Two plans; summaries in both languages."""
    product = make_product("Planboard Plus")
    product.summary_en = "Boards, timelines and workloads."
    product.summary_nl = "Borden, tijdlijnen en werkverdeling."
    product.category = Category.PROJECTS
    product.save()
    on_sale(product, 1240, term=Term.MONTH)
    on_sale(product, 11880, term=Term.YEAR, frequency=Frequency.YEARLY)
    return product


def on_sale(product: Product, amount_minor: int, **plan: object) -> None:
    made = make_plan(product, **plan)
    make_price(made, amount_minor, stripe_price_id=f"price_{made.pk}")


def bought(owner: User, product: Product, **fields: object) -> Subscription:
    return make_subscription(owner, product=product, **fields)


def page(web: Client, product: Product, **headers: str) -> str:
    answer = web.get(f"/marketplace/{product.slug}/", headers=headers)
    return answer.content.decode()


@pytest.mark.parametrize(
    ("q", "category", "found"),
    [
        ("tijdlijnen", "", True),
        ("timelines", "", True),
        ("PLUS borden", "", True),
        ("projecten", "", True),
        ("planning", "projects", True),
        ("timelines", "data", False),
        ("timelines nothing", "projects", False),
        ("100%", "", False),
    ],
)
def test_both_filters_and_both_languages(
    web: Client, boards: Product, q: str, category: str, found: bool
) -> None:
    for headers in ({}, DUTCH):
        query = {"q": q, "category": category}
        html = web.get("/marketplace/", query, headers=headers).content.decode()

        assert ("Planboard Plus" in html) is found
        assert found or 'href="/marketplace/"' in html


def test_what_a_license_costs_per_month_stands_with_every_plan(
    web: Client, boards: Product
) -> None:
    html = page(web, boards)

    assert "€12.40" in html
    assert "€118.80" in html
    assert "€9.90 a month" in html
    assert "€ 9,90 per maand" in page(web, boards, **DUTCH).replace("\xa0", " ")


def test_free_licenses_lead_to_assigning_them(
    web: Client, boards: Product, anna: User
) -> None:
    bought(anna, boards, quantity=3)

    html = page(web, boards)

    assert "You have 3 free licenses for this product." in html
    assert f'href="/licenses/{boards.pk}/assign/"' in html


def test_without_a_free_license_it_says_so(
    web: Client, boards: Product, anna: User
) -> None:
    owned = bought(anna, boards, quantity=1)
    Subscription.objects.filter(pk=owned.pk).update(assigned=1)

    assert "all its licenses are assigned" in page(web, boards)


def test_colleagues_who_bought_it_are_counted_and_not_named(
    web: Client, boards: Product, bram: User, carla: User, dirk: User
) -> None:
    assert "in your organization bought" not in page(web, boards)
    bought(dirk, boards)
    bought(bram, boards, order_state=OrderState.DECLINED)
    bought(bram, boards, term_end=clock.now() - dt.timedelta(days=60))
    assert "in your organization bought" not in page(web, boards)

    bought(bram, boards)
    bought(bram, boards)
    assert "1 colleague in your organization bought this product." in page(web, boards)
    bought(carla, boards)

    html = page(web, boards)
    assert "2 colleagues in your organization bought this product." in html
    assert "Ask your admin before you buy it again." in html
    for somebody in (bram, carla, dirk):
        assert somebody.display_name not in html
    assert "2 collega&#x27;s in uw organisatie" in page(web, boards, **DUTCH)


def test_the_end_of_sale_is_said_beside_the_plans(
    web: Client, boards: Product, anna: User
) -> None:
    bought(anna, boards, quantity=3)
    boards.ends_sale_at = clock.now() + dt.timedelta(days=20)
    boards.save()

    html = page(web, boards)

    assert "Sold until" in html
    assert "You have 3 free licenses" in html


def test_a_guest_is_told_whom_to_ask(
    client: Client, boards: Product, noordzee: Organization
) -> None:
    guest = make_user(noordzee, "Guest", is_guest=True)
    client.force_login(guest)

    assert "Ask a colleague to buy this for you." in page(client, boards)
