"""My licenses."""

import datetime as dt

import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from selfservice.accounts.models import Organization, User
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.factories.accounts import make_user
from tests.factories.catalog import make_offer
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription

URL = "/my-licenses/"


@time_machine.travel("2026-11-23T12:00:00Z", tick=False)
def test_a_colleague_sees_from_whom_since_when_and_until_when(
    client: Client, anna: User, bram: User
) -> None:
    offer = make_offer(name="Planboard Plus")
    give_licenses(make_subscription(anna, offer=offer), [bram])
    client.force_login(bram)

    page = client.get(URL).content.decode()

    assert "Planboard Plus" in page
    assert "Anna de Vries" in page
    assert 'href="mailto:anna@noordzee.example"' in page
    assert "23 Nov 2026" in page
    assert "23 Nov 2027" in page
    assert "Renews by itself" in page


def test_own_licenses_are_from_oneself(client: Client, anna: User) -> None:
    give_licenses(make_subscription(anna), [anna])
    client.force_login(anna)

    assert "mailto:anna" not in client.get(URL).content.decode()


def test_what_was_never_given_is_not_shown(
    client: Client, anna: User, bram: User
) -> None:
    give_licenses(make_subscription(anna), [anna])
    client.force_login(bram)

    page = client.get(URL).content.decode()

    assert "Nobody gave you a license yet." in page
    assert "buy it yourself" in page


def test_guests_are_not_told_to_buy(client: Client, noordzee: Organization) -> None:
    client.force_login(make_user(noordzee, "Gast Jansen", is_guest=True))

    page = client.get(URL).content.decode()

    assert "buy it yourself" not in page


def test_a_disabled_subscription_gives_nobody_anything(
    client: Client, anna: User, bram: User
) -> None:
    subscription = make_subscription(anna)
    give_licenses(subscription, [bram])
    Subscription.objects.update(disabled_at=clock.now() - dt.timedelta(days=1))
    client.force_login(bram)

    assert "Nobody gave you a license yet." in client.get(URL).content.decode()


def test_it_can_only_be_read_with_few_statements(
    client: Client, anna: User, bram: User
) -> None:
    for _ in range(5):
        give_licenses(make_subscription(anna), [bram])
    client.force_login(bram)

    with CaptureQueriesContext(connection) as queries:
        client.get(URL)

    assert len(queries) <= 3
    assert client.post(URL).status_code == 405
