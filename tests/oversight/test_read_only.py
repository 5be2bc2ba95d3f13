"""Read-only twice over: no route but GET and HEAD, and a role that can't write."""

import pytest
from django.conf import settings
from django.db import ProgrammingError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.urls import URLPattern, reverse

from billing.models import StripeEvent
from selfservice.accounts.models import User
from selfservice.oversight.urls import app_name, urlpatterns
from selfservice.subscriptions.models import Subscription
from tests.factories.subscriptions import make_subscription

INSUFFICIENT_PRIVILEGE = "42501"


def address(route: URLPattern, subscription: Subscription) -> str:
    keys = dict.fromkeys(route.pattern.converters, subscription.pk)
    return reverse(f"{app_name}:{route.name}", kwargs=keys)


@pytest.mark.django_db(databases=["default", "oversight"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("route", urlpatterns, ids=lambda route: route.name)
def test_no_route_takes_anything_but_get(
    anna: User, carla: User, client: Client, route: URLPattern, method: str
) -> None:
    bought = make_subscription(anna)
    before = Subscription.objects.values().get()
    client.force_login(carla)

    response = getattr(client, method)(address(route, bought), {"quantity": 99})

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"
    assert Subscription.objects.values().get() == before


@pytest.mark.django_db(databases=["default", "oversight"])
@pytest.mark.parametrize("route", urlpatterns, ids=lambda route: route.name)
def test_every_route_answers_head(
    anna: User, carla: User, client: Client, route: URLPattern
) -> None:
    client.force_login(carla)

    response = client.head(address(route, make_subscription(anna)))

    assert (response.status_code, response.content) == (200, b"")


@pytest.fixture
def reader(transactional_db: None) -> BaseDatabaseWrapper:
    """The real connection, as the role that the oversight pages read with."""
    databases = settings.DATABASES
    if databases["oversight"]["USER"] == databases["default"]["USER"]:
        pytest.skip("OVERSIGHT_DATABASE_URL names no role of its own")
    return connections["oversight"]


committed = pytest.mark.django_db(transaction=True, databases=["default", "oversight"])


@committed
def test_the_role_can_read_but_not_write(
    anna: User, reader: BaseDatabaseWrapper
) -> None:
    make_subscription(anna)
    writes = [
        "UPDATE subscriptions_subscription SET quantity = 99",
        "DELETE FROM subscriptions_subscription",
        "INSERT INTO billing_stripeevent (id) VALUES ('evt_1')",
        "TRUNCATE activity_activity",
        "CREATE TABLE mine (id int)",
    ]

    with reader.cursor() as cursor:
        # Whoever got this far can say so too: what holds is that nothing is granted.
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute("SELECT quantity FROM subscriptions_subscription")
        assert cursor.fetchall() == [(5,)]
        for write in writes:
            with pytest.raises(ProgrammingError) as refused:
                cursor.execute(write)
            sqlstate = getattr(refused.value.__cause__, "sqlstate", "")
            assert sqlstate == INSUFFICIENT_PRIVILEGE

    assert Subscription.objects.get().quantity == 5
    assert not StripeEvent.objects.exists()


@committed
def test_the_pages_work_with_that_role(
    anna: User, carla: User, client: Client, reader: BaseDatabaseWrapper
) -> None:
    bought = make_subscription(anna)
    client.force_login(carla)

    pages = [client.get(address(route, bought)) for route in urlpatterns]

    assert {page.status_code for page in pages} == {200}
