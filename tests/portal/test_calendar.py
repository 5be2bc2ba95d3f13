"""The calendar: what is to come, at an address that only its owner knows."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client
from icalendar import Calendar

from selfservice.accounts.models import User
from selfservice.accounts.services.signing_in import disable_person, enable_person
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.cast import PASSWORD
from tests.factories.catalog import make_product
from tests.factories.subscriptions import make_card, make_profile, make_subscription

pytestmark = pytest.mark.django_db
URL = "/billing/notifications/"


def address(client: Client) -> str:
    found = re.search(r'value="http://[^/]+(/calendar/[^"]+)"', page(client))
    return found[1] if found else ""


def page(client: Client) -> str:
    return client.get(URL).content.decode()


def make_address(client: Client) -> str:
    client.post(URL, {"section": "calendar"})
    return address(client)


def events(path: str) -> dict[str, dt.date]:
    """What a calendar program reads: title and day."""
    response = Client().get(path)
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    read = Calendar.from_ical(response.content.decode())
    return {str(e["SUMMARY"]): e["DTSTART"].dt for e in read.walk("VEVENT")}


def test_it_has_renewals_trials_and_cards(anna: User, client: Client) -> None:
    client.force_login(anna)
    profile = make_profile(anna)
    make_card(profile, exp_year=2031, exp_month=2, last4="1881")
    make_card(profile, exp_year=2020, exp_month=2, last4="0001")
    late = dt.datetime(clock.now().year + 1, 3, 14, 23, 30, tzinfo=dt.UTC)
    row = make_subscription(anna, make_product("Diagrams, Pro"), profile=profile)
    trial = make_subscription(anna, make_product("Planner"), profile=profile)
    off = make_subscription(anna, make_product("Notes"), profile=profile)
    Subscription.objects.filter(pk=row.pk).update(term_end=late)
    ends = clock.now() + dt.timedelta(days=9)
    Subscription.objects.filter(pk=trial.pk).update(
        trial_end=ends, term_end=ends, quantity_after_trial=3
    )
    Subscription.objects.filter(pk=off.pk).update(recurring_billing=False)

    found = events(make_address(client))

    # The day where the organization is: an hour ahead, in March.
    assert found["Renewal: Diagrams, Pro"] == late.date() + dt.timedelta(days=1)
    assert "Trial ends: Planner" in found
    assert found["Card expires: Visa •••• 1881"] == dt.date(2031, 2, 28)
    assert len(found) == 4


def test_it_is_in_the_owners_language(anna: User, client: Client) -> None:
    User.objects.filter(pk=anna.pk).update(language="nl")
    client.force_login(User.objects.get(pk=anna.pk))
    make_subscription(anna, make_product("Diagrams"))

    assert "Verlenging: Diagrams" in events(make_address(client))


def test_outlook_is_told_how_often_and_a_card_leads_to_the_cards(
    anna: User, client: Client
) -> None:
    client.force_login(anna)
    make_card(make_profile(anna), exp_year=2031, exp_month=2)

    content = Client().get(make_address(client)).content.decode()

    assert "X-PUBLISHED-TTL:PT12H\r\n" in content
    card = Calendar.from_ical(content).walk("VEVENT")[0]
    assert str(card["SUMMARY"]).startswith("Card expires")
    assert str(card["URL"]).endswith("/billing/payment-methods/")


def test_a_new_address_ends_the_one_before(anna: User, client: Client) -> None:
    client.force_login(anna)
    before = make_address(client)
    after = make_address(client)

    assert before != after
    assert len(after) > 80
    assert Client().get(before).status_code == 404
    assert Client().get(after).status_code == 200
    client.post(URL, {"section": "calendar", "calendar": "off"})
    assert Client().get(after).status_code == 404
    assert address(client) == ""


def test_it_shows_nobody_elses_and_ends_with_its_owner(
    anna: User, bram: User, dirk: User, client: Client
) -> None:
    make_subscription(bram, make_product("Diagrams"))
    make_subscription(dirk, make_product("Planner"))
    client.force_login(anna)
    path = make_address(client)

    assert events(path) == {}
    elsewhere = path.replace(str(anna.organization_id), str(dirk.organization_id))
    assert Client().get(elsewhere).status_code == 404
    assert Client().post(path).status_code == 405
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert Client().get(path).status_code == 404


def test_it_does_not_live_again_with_whoever_was_disabled(
    anna: User, client: Client
) -> None:
    client.force_login(anna)
    path = make_address(client)

    disable_person(person=anna)
    assert Client().get(path).status_code == 404
    enable_person(person=anna)
    assert Client().get(path).status_code == 404

    client.force_login(User.objects.get(pk=anna.pk))
    assert Client().get(make_address(client)).status_code == 200


def test_signing_out_elsewhere_ends_it_and_says_so(anna: User, client: Client) -> None:
    client.force_login(anna)
    path = make_address(client)

    said = client.post("/accounts/sessions/", follow=True).content.decode()

    assert "address doesn&#x27;t work any more, either" in said
    assert Client().get(path).status_code == 404
    again = client.post("/accounts/sessions/", follow=True).content.decode()
    assert "either" not in again


def test_with_a_new_password_it_goes_on_and_the_page_says_so(
    anna: User, client: Client
) -> None:
    client.force_login(anna)
    security = "/accounts/security/"
    assert "Your calendar" not in client.get(security).content.decode()
    path = make_address(client)
    new = {"password1": "n3w-Pass!x", "password2": "n3w-Pass!x"}

    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, **new})

    assert Client().get(path).status_code == 200
    assert (
        "also after you change your password" in client.get(security).content.decode()
    )
    assert "also after you change your password" in page(client)
