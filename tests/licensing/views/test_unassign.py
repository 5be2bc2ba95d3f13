"""The box Unassign licenses."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from licensing.models import LicenseAssignment
from selfservice.accounts.models import Organization, User
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
        anna, quantity=60, offer=make_offer(name="Planboard Plus", slug="planboard")
    )
    give_licenses(subscription, [bram, carla])
    return subscription


def url_of(subscription: Subscription) -> str:
    return f"/licenses/{subscription.product_id}/unassign/"


def test_the_box_names_how_many_and_who(
    client: Client, planboard: Subscription, bram: User, carla: User, dirk: User
) -> None:
    people = {"people": [bram.pk, carla.pk, dirk.pk]}

    page = client.get(url_of(planboard), people).content.decode()

    assert (
        "2 people lose Planboard Plus at once. The 2 licenses are free again." in page
    )
    assert "Bram Visser, Carla Mulder" in page
    assert "Dirk" not in page
    assert LicenseAssignment.objects.filter(ended_at=None).count() == 2


def test_one_person_is_named(
    client: Client, planboard: Subscription, bram: User
) -> None:
    page = client.get(url_of(planboard), {"people": bram.pk}).content.decode()

    assert (
        "Bram Visser loses Planboard Plus at once. The license is free again." in page
    )


def test_of_many_people_the_first_are_named(
    client: Client, planboard: Subscription, noordzee: Organization
) -> None:
    people = make_people(noordzee, 50)
    give_licenses(planboard, people)

    page = client.get(url_of(planboard), {"people": [p.pk for p in people]})

    assert "50 people lose Planboard Plus" in page.content.decode()
    assert "and 45 more" in page.content.decode()


def test_unassigning_frees_at_once_and_leads_back(
    client: Client, planboard: Subscription, bram: User
) -> None:
    response = client.post(url_of(planboard), {"people": bram.pk})

    assert response["Location"] == f"/licenses/{planboard.product_id}/"
    page = client.get(response["Location"]).content.decode()
    assert "1 license of Planboard Plus is free again." in page
    assert "1 of 60 licenses assigned · 59 available" in page


def test_in_the_dialog_it_closes_and_the_list_is_told(
    client: Client, planboard: Subscription, bram: User, carla: User
) -> None:
    with CaptureQueriesContext(connection) as queries:
        response = client.post(
            url_of(planboard), {"people": [bram.pk, carla.pk]}, headers=HTMX
        )

    assert response["HX-Trigger"] == '{"licenses:changed": {"target": "body"}}'
    assert "2 licenses of Planboard Plus are free again." in response.content.decode()
    assert len(queries) <= 12


def test_twice_pressed_takes_back_once(
    client: Client, planboard: Subscription, bram: User
) -> None:
    client.post(url_of(planboard), {"people": bram.pk}, headers=HTMX)

    again = client.post(url_of(planboard), {"people": bram.pk}, headers=HTMX)

    assert "Nobody of these people had a license" in again.content.decode()
    planboard.refresh_from_db()
    assert planboard.assigned == 1


@pytest.mark.parametrize("people", [[], ["nonsense"]])
def test_nobody_and_nonsense_take_nothing_back(
    client: Client, planboard: Subscription, people: list[str]
) -> None:
    assert client.get(url_of(planboard), {"people": people}).status_code == 200
    assert client.post(url_of(planboard), {"people": people}).status_code == 422
    assert LicenseAssignment.objects.filter(ended_at=None).count() == 2


def test_another_purchaser_takes_nothing_back(
    client: Client, planboard: Subscription, carla: User, bram: User
) -> None:
    client.force_login(carla)

    response = client.post(url_of(planboard), {"people": bram.pk})

    assert response.status_code == 404
    assert LicenseAssignment.objects.filter(ended_at=None).count() == 2


def test_other_methods_are_refused(client: Client, planboard: Subscription) -> None:
    assert client.delete(url_of(planboard)).status_code == 405
