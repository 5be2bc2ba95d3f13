"""The list of products with their licenses."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions.models import OrderState, Subscription
from tests.factories.catalog import make_offer
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription

URL = "/licenses/"
HTMX = {"HX-Request": "true", "HX-Target": "list"}


@pytest.fixture
def planboard(anna: User) -> Subscription:
    return make_subscription(
        anna, quantity=5, offer=make_offer(name="Planboard Plus", slug="planboard")
    )


def text_of(client: Client, url: str = URL) -> str:
    return client.get(url).content.decode()


def test_the_list_sums_a_product_over_its_subscriptions(
    client: Client, planboard: Subscription, anna: User, bram: User
) -> None:
    make_subscription(anna, planboard.product, quantity=20)
    give_licenses(planboard, [bram])
    client.force_login(anna)

    page = text_of(client)

    assert "Planboard Plus" in page
    assert "2 subscriptions" in page
    assert "<b>1/25</b>" in page
    assert ">24</td>" in page


def test_somebody_without_purchases_is_led_to_purchase_services(
    client: Client, planboard: Subscription, bram: User
) -> None:
    client.force_login(bram)

    page = text_of(client)

    assert "Planboard Plus" not in page
    assert "You have no licenses to assign yet." in page
    assert 'href="/marketplace/"' in page


def test_the_state_is_shown_only_where_something_is_wrong(
    client: Client, planboard: Subscription, anna: User
) -> None:
    client.force_login(anna)
    assert ">Status</th>" not in text_of(client)

    Subscription.objects.filter(pk=planboard.pk).update(past_due_since=clock.now())

    assert ">Status</th>" in text_of(client)
    assert "Past due" in text_of(client)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"order_state": OrderState.PENDING}, False),
        ({"disabled_at": clock.now() - dt.timedelta(days=91)}, False),
        ({"disabled_at": clock.now() - dt.timedelta(days=1)}, True),
    ],
    ids=["not paid", "deleted", "disabled"],
)
def test_what_was_bought_is_listed_until_it_is_deleted(
    client: Client,
    planboard: Subscription,
    anna: User,
    changes: dict[str, object],
    shown: bool,
) -> None:
    Subscription.objects.filter(pk=planboard.pk).update(**changes)
    client.force_login(anna)

    assert ("Planboard Plus" in text_of(client)) is shown


def test_expired_licenses_are_counted_but_not_available(
    client: Client, planboard: Subscription, anna: User
) -> None:
    Subscription.objects.filter(pk=planboard.pk).update(
        term_end=clock.now() - dt.timedelta(days=1), recurring_billing=False
    )
    client.force_login(anna)

    page = text_of(client)

    assert "<b>0/5</b>" in page
    assert ">0</td>" in page
    assert "/assign/" not in page


def test_search_filter_and_order_stand_in_the_address(
    client: Client, planboard: Subscription, anna: User, bram: User
) -> None:
    full = make_subscription(anna, quantity=1, offer=make_offer(name="Meet Premium"))
    give_licenses(full, [bram])
    client.force_login(anna)

    assert "Meet Premium" not in text_of(client, f"{URL}?q=plan")
    assert "Planboard" not in text_of(client, f"{URL}?show=none")
    assert "Meet" not in text_of(client, f"{URL}?show=free")
    assert "No product fits these filters." in text_of(client, f"{URL}?q=zzz")
    ordered = text_of(client, f"{URL}?sort=-free")
    assert ordered.index("Planboard Plus") < ordered.index("Meet Premium")


def test_nonsense_in_the_address_filters_nothing(
    client: Client, planboard: Subscription, anna: User
) -> None:
    client.force_login(anna)

    page = text_of(client, f"{URL}?show=%00&sort=x&page=-1&q={'a' * 300}")

    assert "Planboard Plus" in page


def test_the_fragment_is_the_list_alone(
    client: Client, planboard: Subscription, anna: User
) -> None:
    client.force_login(anna)

    response = client.get(URL, headers=HTMX)

    assert response.content.decode().lstrip().startswith('<div id="list"')
    assert "HX-Request" in response["Vary"]


def test_it_can_only_be_read(client: Client, anna: User) -> None:
    client.force_login(anna)

    assert client.post(URL).status_code == 405


def test_at_any_size_it_takes_few_statements(client: Client, anna: User) -> None:
    for _ in range(60):
        make_subscription(anna, quantity=3)
    client.force_login(anna)

    with CaptureQueriesContext(connection) as queries:
        response = client.get(URL)

    assert len(queries) <= 3
    assert b"51" in client.get(f"{URL}?page=2").content
    assert len(response.content) <= 40 * 1024
