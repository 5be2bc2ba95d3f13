"""Unassigning all that match, and taking that back."""

import datetime as dt
import re
import uuid

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from licensing.models import LicenseAssignment
from selfservice.accounts.models import Organization, User
from selfservice.activity.models import Activity
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.factories.accounts import make_people
from tests.factories.catalog import make_offer
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription

HTMX = {"HX-Request": "true", "HX-Target": "pane"}


@pytest.fixture
def planboard(anna: User, bram: User, carla: User, client: Client) -> Subscription:
    client.force_login(anna)
    subscription = make_subscription(
        anna, quantity=200, offer=make_offer(name="Planboard Plus", slug="planboard")
    )
    give_licenses(subscription, [bram, carla])
    return subscription


def url_of(subscription: Subscription) -> str:
    return f"/licenses/{subscription.product_id}/unassign/"


def take_back(client: Client, subscription: Subscription, *people: User) -> str:
    """Where Undo in the toast posts to."""
    page = client.post(
        url_of(subscription), {"people": [p.pk for p in people]}, follow=True
    )
    return undo_on(page.content.decode())


def undo_on(page: str) -> str:
    found = re.search(r'action="(/licenses/[^"]*/undo/[^"]*)"', page)
    assert found
    return found[1]


def said(client: Client, url: str) -> str:
    return client.post(url, follow=True).content.decode()


def live(subscription: Subscription) -> int:
    subscription.refresh_from_db()
    rows = LicenseAssignment.objects.filter(ended_at=None, subscription=subscription)
    assert subscription.assigned == rows.count()
    return subscription.assigned


def test_all_that_match_lose_theirs_at_once(
    client: Client, planboard: Subscription, noordzee: Organization
) -> None:
    give_licenses(planboard, make_people(noordzee, 120, department="Advies"))
    asked = {"all": "1", "department": "Advies"}

    box = client.get(url_of(planboard), asked).content.decode()
    with CaptureQueriesContext(connection) as queries:
        done = client.post(url_of(planboard), {**asked, "count": 120}, headers=HTMX)

    assert "120 people lose Planboard Plus at once." in box
    assert "and 115 more" in box
    assert box.count('name="people"') == 0
    assert "120 licenses of Planboard Plus are free again." in done.content.decode()
    assert len(queries) <= 12
    assert live(planboard) == 2
    assert "120 people have Planboard Plus again" in said(
        client, undo_on(done.content.decode())
    )
    assert live(planboard) == 122


def test_others_than_were_shown_keep_theirs(
    client: Client, planboard: Subscription, noordzee: Organization
) -> None:
    give_licenses(planboard, make_people(noordzee, 1))

    response = client.post(url_of(planboard), {"all": "1", "count": 2}, headers=HTMX)

    page = response.content.decode()
    assert response.status_code == 422
    assert "Meanwhile these are other people than before." in page
    assert "3 people lose Planboard Plus" in page
    assert live(planboard) == 3


def test_undo_gives_the_same_licenses_back_once(
    client: Client, planboard: Subscription, bram: User, carla: User
) -> None:
    before = set(LicenseAssignment.objects.values_list("pk", "assigned_at"))
    url = take_back(client, planboard, bram, carla)
    assert live(planboard) == 0

    with CaptureQueriesContext(connection) as queries:
        client.post(url)
    first = client.get(f"/licenses/{planboard.product_id}/").content.decode()
    again = said(client, url)

    assert "Undone: 2 people have Planboard Plus again." in first
    assert "these licenses were given back already" in again
    assert len(queries) <= 16
    assert live(planboard) == 2
    assert set(LicenseAssignment.objects.values_list("pk", "assigned_at")) == before
    assert Activity.objects.filter(verb="licenses_returned").count() == 1


def test_undo_is_refused_after_ten_minutes(
    client: Client, planboard: Subscription, anna: User, bram: User
) -> None:
    url = take_back(client, planboard, bram)

    with time_machine.travel(clock.now() + dt.timedelta(minutes=10, seconds=1)):
        client.force_login(anna)
        page = said(client, url)

    assert "can be undone for 10 minutes" in page
    assert live(planboard) == 1


def test_whoever_cannot_have_it_again_is_named_and_nobody_gets_one(
    client: Client, planboard: Subscription, bram: User, carla: User
) -> None:
    url = take_back(client, planboard, bram, carla)
    User.objects.filter(pk=bram.pk).update(is_active=False)
    assert "account is disabled" in said(client, url)
    User.objects.filter(pk=bram.pk).update(is_active=True)
    give_licenses(planboard, [carla])

    page = said(client, url)

    assert "Nobody got a license back" in page
    assert "Carla Mulder already has a license." in page
    assert live(planboard) == 1


def test_undo_needs_the_licenses_free(
    client: Client, planboard: Subscription, bram: User, noordzee: Organization
) -> None:
    url = take_back(client, planboard, bram)
    planboard.refresh_from_db()
    give_licenses(planboard, make_people(noordzee, 199))

    assert "free any more" in said(client, url)
    assert live(planboard) == 200


def test_only_the_purchaser_undoes_and_only_by_pressing(
    client: Client, planboard: Subscription, bram: User, dirk: User
) -> None:
    url = take_back(client, planboard, bram)
    assert client.get(url).status_code == 405
    nothing = re.sub(r"undo/.*", f"undo/{uuid.uuid4()}/", url)
    assert "given back already" in said(client, nothing)
    for person in (bram, dirk):
        client.force_login(person)
        assert client.post(url).status_code == 404
    assert live(planboard) == 1


def test_people_see_for_a_month_who_took_it_back(
    client: Client, planboard: Subscription, anna: User, bram: User
) -> None:
    url = take_back(client, planboard, bram)
    client.force_login(bram)

    page = client.get("/my-licenses/").content.decode()
    assert "No longer yours" in page
    assert re.search(r"Taken back on \d+ \w+ \d+ by Anna de Vries\.", page)
    assert 'href="mailto:anna@noordzee.example"' in page
    with time_machine.travel(clock.now() + dt.timedelta(days=31)):
        client.force_login(bram)
        assert "No longer yours" not in client.get("/my-licenses/").content.decode()
    client.force_login(anna)
    client.post(url)
    client.force_login(bram)
    page = client.get("/my-licenses/").content.decode()
    assert "No longer yours" not in page
    assert "Planboard Plus" in page
