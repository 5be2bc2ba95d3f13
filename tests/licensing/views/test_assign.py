"""The pane Assign licenses to users, and its picker."""

import datetime as dt
import uuid
from collections.abc import Sequence

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from licensing.models import BulkList, LicenseAssignment
from selfservice.accounts.models import Organization, User
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.factories.accounts import make_people, make_user
from tests.factories.catalog import make_offer
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription

HTMX = {"HX-Request": "true", "HX-Target": "pane"}


@pytest.fixture
def planboard(anna: User, client: Client) -> Subscription:
    client.force_login(anna)
    return make_subscription(
        anna, quantity=25, offer=make_offer(name="Planboard Plus", slug="planboard")
    )


def url_of(subscription: Subscription, page: str = "assign") -> str:
    return f"/licenses/{subscription.product_id}/{page}/"


def post(
    client: Client, subscription: Subscription, people: Sequence[User], **data: object
) -> HttpResponse:
    headers = data.pop("headers", {})
    return client.post(
        url_of(subscription),
        {"people": [str(p.pk) for p in people], **data},
        headers=headers,
    )


def test_the_pane_is_a_page_of_its_own_too(
    client: Client, planboard: Subscription
) -> None:
    page = client.get(url_of(planboard)).content.decode()
    pane = client.get(url_of(planboard), headers=HTMX).content.decode()

    for content in (page, pane):
        assert "Assign licenses to users" in content
        assert "Planboard Plus · 25 licenses available" in content
        assert "People from Noordzee Advies" in content
        assert "Left afterwards" in content
    assert "<html" in page
    assert "<html" not in pane


def test_assigning_leads_back_to_the_list(
    client: Client, planboard: Subscription, bram: User, carla: User
) -> None:
    response = post(client, planboard, [bram, carla])

    assert response.status_code == 302
    assert response["Location"] == f"/licenses/{planboard.product_id}/"
    page = client.get(response["Location"]).content.decode()
    assert "2 licenses of Planboard Plus assigned." in page
    assert "Bram Visser" in page


def test_in_the_dialog_it_stays_open_and_the_list_is_told(
    client: Client, planboard: Subscription, bram: User
) -> None:
    response = post(client, planboard, [bram], headers=HTMX)

    pane = response.content.decode()
    assert response.status_code == 200
    assert response["HX-Trigger"] == '{"licenses:changed": {"target": "body"}}'
    assert pane.count("1 license of Planboard Plus assigned.") == 1
    assert "24 licenses available" in pane
    assert "Bram Visser" not in pane


def test_a_refusal_names_the_people_and_keeps_the_selection(
    client: Client, planboard: Subscription, bram: User, carla: User
) -> None:
    give_licenses(planboard, [bram])

    response = post(client, planboard, [bram, carla], headers=HTMX)

    pane = response.content.decode()
    assert response.status_code == 422
    assert "<li>Bram Visser already has a license.</li>" in pane
    assert f'value="{bram.pk}"' in pane
    assert f'value="{carla.pk}"' in pane
    assert LicenseAssignment.objects.count() == 1


def test_missing_licenses_are_counted_and_can_be_bought(
    client: Client, anna: User, noordzee: Organization
) -> None:
    client.force_login(anna)
    small = make_subscription(anna, quantity=2, offer=make_offer(slug="small"))

    people = make_people(noordzee, 3)
    response = post(client, small, people)

    page = response.content.decode()
    assert response.status_code == 422
    assert "1 license is missing: you chose 3, 2 available." in page
    quantity = reverse("licensing:quantity", args=[small.pk])
    kept = BulkList.objects.get()
    asked = f"{quantity}?total=3&amp;bulk={kept.pk}"
    assert f'<a href="{asked}">Buy licenses</a>' in page
    # From there one comes back to whom one had chosen.
    assert kept.people == [person.pk for person in people]


def test_a_21st_person_is_refused_with_a_sentence(
    client: Client, planboard: Subscription, noordzee: Organization
) -> None:
    response = post(client, planboard, make_people(noordzee, 21))

    assert response.status_code == 422
    assert "You can assign up to 20 licenses at a time." in response.content.decode()


@pytest.mark.parametrize("people", [[], ["nonsense"], ["1"] * 3])
def test_nobody_and_nonsense_are_refused(
    client: Client, planboard: Subscription, people: list[str]
) -> None:
    response = client.post(url_of(planboard), {"people": people})

    assert response.status_code == 422
    assert not LicenseAssignment.objects.exists()


def test_another_organizations_person_gets_nothing_and_stays_unnamed(
    client: Client, planboard: Subscription, dirk: User
) -> None:
    response = post(client, planboard, [dirk])

    assert response.status_code == 422
    assert "Somebody you chose isn&#x27;t in" in response.content.decode()
    assert "Dirk" not in response.content.decode()


def test_another_purchasers_product_cannot_be_assigned(
    client: Client, planboard: Subscription, carla: User, bram: User
) -> None:
    client.force_login(carla)

    assert post(client, planboard, [bram]).status_code == 404
    assert client.post(url_of(planboard)).status_code == 404
    assert post(client, planboard, [], find="1", q="br").status_code == 404


def test_when_all_are_assigned_the_pane_says_so(
    client: Client, anna: User, bram: User
) -> None:
    client.force_login(anna)
    full = make_subscription(anna, quantity=1)
    give_licenses(full, [bram])

    page = client.get(url_of(full)).content.decode()

    assert "Your 1 license is assigned." in page
    assert "Buy licenses" in page
    assert 'role="combobox"' not in page


def test_licenses_that_go_away_at_renewal_are_not_called_assigned(
    client: Client, planboard: Subscription, bram: User
) -> None:
    give_licenses(planboard, [bram])
    Subscription.objects.update(scheduled_quantity=1)

    page = client.get(url_of(planboard)).content.decode()

    assert "24 licenses go away at renewal: undo that change to assign them." in page
    assert 'href="/products/">Your products</a>' in page
    assert "licenses are assigned" not in page


def test_licenses_of_what_is_over_are_not_called_assigned(
    client: Client, planboard: Subscription, anna: User, bram: User
) -> None:
    give_licenses(planboard, [bram])
    Subscription.objects.update(
        term_end=clock.now() - dt.timedelta(days=1), recurring_billing=False
    )
    full = make_subscription(anna, planboard.product, quantity=1)
    give_licenses(full, make_people(bram.organization, 1))

    page = client.get(url_of(planboard)).content.decode()

    assert "the others are of a subscription that isn&#x27;t active" in page
    assert "licenses are assigned" not in page


def test_without_a_script_people_are_found_by_a_form(
    client: Client, planboard: Subscription, bram: User, noordzee: Organization
) -> None:
    zoe = make_user(noordzee, "Zoë van den Bergh")

    response = post(client, planboard, [bram], find="1", q="zoe")

    page = response.content.decode()
    assert response.status_code == 200
    assert "1 person found." in page
    assert f'name="people" value="{bram.pk}" aria-label="Bram Visser" checked' in page
    assert f'name="people" value="{zoe.pk}">' in page
    assert not LicenseAssignment.objects.exists()


def test_assigning_takes_at_most_twelve_statements(
    client: Client, planboard: Subscription, noordzee: Organization
) -> None:
    people = make_people(noordzee, 20)

    with CaptureQueriesContext(connection) as queries:
        response = post(client, planboard, people, headers=HTMX)

    assert response.status_code == 200
    assert len(queries) <= 12


def picked(client: Client, subscription: Subscription, text: str) -> str:
    response = client.get(url_of(subscription, "people"), {"q": text}, headers=HTMX)
    assert response.status_code == 200
    return response.content.decode()


def test_the_picker_finds_people_and_marks_who_has_one(
    client: Client, planboard: Subscription, bram: User, noordzee: Organization
) -> None:
    make_user(noordzee, "Zoë van den Bramer")
    make_user(noordzee, "Bram Gast", is_guest=True)
    give_licenses(planboard, [bram])

    options = picked(client, planboard, "bram")

    assert options.count('role="option"') == 2
    assert options.count("aria-disabled") == 1
    assert "Already has a license" in options
    assert "2 people found. Guests and disabled people are left out." in options


def test_the_picker_says_when_there_are_more_than_it_shows(
    client: Client, planboard: Subscription, noordzee: Organization
) -> None:
    for number in range(10):
        make_user(noordzee, f"Quinten {number}")
    all_of_them = picked(client, planboard, "quin")
    make_user(noordzee, "Quinten Last")
    the_first = picked(client, planboard, "quin")
    url = reverse("licensing:assign", args=[planboard.product_id])
    unscripted = client.post(url, {"q": "quin", "find": "1"}).content.decode()

    assert "10 people found. Guests" in all_of_them
    assert the_first.count('role="option"') == 10
    for page in (the_first, unscripted):
        assert "More than 10 people found. Type more letters" in page


def test_the_picker_knows_nobody_of_another_organization(
    client: Client, planboard: Subscription, dirk: User
) -> None:
    assert "Dirk" not in picked(client, planboard, "dirk")


def test_the_picker_is_no_page(client: Client, planboard: Subscription) -> None:
    response = client.get(url_of(planboard, "people"), {"q": "an"})

    assert response["Location"] == url_of(planboard)
    assert client.post(url_of(planboard, "people")).status_code == 405


@pytest.mark.parametrize("text", ["Person", "0001 person", "person-1@noordzee"])
def test_the_picker_takes_few_statements_and_little_room(
    client: Client, planboard: Subscription, noordzee: Organization, text: str
) -> None:
    give_licenses(planboard, make_people(noordzee, 12, department="Projectleiding"))

    with CaptureQueriesContext(connection) as queries:
        options = picked(client, planboard, text)

    assert len(queries) <= 5
    assert len(options.encode()) <= 4 * 1024


def test_a_foreign_product_has_no_picker(client: Client, anna: User) -> None:
    client.force_login(anna)

    response = client.get(f"/licenses/{uuid.uuid4()}/people/?q=an", headers=HTMX)

    assert response.status_code == 404
