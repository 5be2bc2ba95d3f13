"""Buy licenses and Remove licenses: the pane, by hand and with the worst of input."""

from __future__ import annotations

import re

import pytest
import stripe
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from licensing.models import LicenseAssignment
from selfservice.accounts.models import Organization, User
from selfservice.subscriptions.models import Subscription
from tests.factories.accounts import make_people
from tests.factories.licensing import give_licenses
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *
from tests.subscriptions.changing import DAY, pass_time, pay_with, read

pytestmark = pytest.mark.usefixtures("moving")
PANE = {"HX-Request": "true", "HX-Target": "pane"}
AMOUNT = {"HX-Request": "true", "HX-Target": "change"}


@pytest.fixture
def owner(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def url_of(subscription: Subscription) -> str:
    return f"/subscriptions/{subscription.pk}/licenses/"


def seal_of(content: str) -> str:
    found = re.search(r'name="seal" value="([^"]+)"', content)
    assert found, content
    return found[1]


def look(client: Client, subscription: Subscription, total: object) -> str:
    answer = client.get(url_of(subscription), {"total": total}, headers=AMOUNT)
    return answer.content.decode()


def test_the_pane_is_a_page_of_its_own_too(owner: Client, bought: Subscription) -> None:
    page = owner.get(url_of(bought)).content.decode()
    pane = owner.get(url_of(bought), headers=PANE).content.decode()

    for content in (page, pane):
        assert "Total licenses" in content
        assert "12 licenses, 1 of them assigned" in content
    assert "<html" in page
    assert "<html" not in pane


def test_the_amount_is_shown_before_it_is_charged(
    owner: Client, bought: Subscription
) -> None:
    content = look(owner, bought, 15)

    assert "3 more licenses from today" in content
    assert "Today you pay" in content
    assert "VAT 21%" in content


def test_saving_what_was_shown_says_what_was_charged(
    owner: Client, bought: Subscription
) -> None:
    seal = seal_of(look(owner, bought, 15))

    answer = owner.post(url_of(bought), {"total": 15, "seal": seal}, follow=True)

    assert "3 licenses added. €178." in answer.content.decode()
    assert read(bought).quantity == 15


def test_saving_before_the_amount_was_seen_shows_it_first(
    owner: Client, bought: Subscription
) -> None:
    answer = owner.post(url_of(bought), {"total": 15}, headers=PANE)

    assert answer.status_code == 422
    assert "Today you pay" in answer.content.decode()
    assert read(bought).quantity == 12


def test_two_tabs_charge_once(owner: Client, bought: Subscription) -> None:
    first, second = (seal_of(look(owner, bought, 15)) for _tab in range(2))
    owner.post(url_of(bought), {"total": 15, "seal": first})

    answer = owner.post(url_of(bought), {"total": 15, "seal": second}, headers=PANE)

    assert answer.status_code == 422
    assert "You have 15 licenses already." in answer.content.decode()
    assert read(bought).change_number == 1


def test_who_loses_a_license_is_chosen_in_the_same_step(
    owner: Client, bought: Subscription, noordzee: Organization, anna: User
) -> None:
    people = make_people(noordzee, 8)
    give_licenses(bought, people)
    content = look(owner, bought, 6)
    assert "Who loses a license?" in content
    assert content.count("checked") == 3
    losing = [str(person.pk) for person in people[:3]]

    owner.post(url_of(bought), {"total": 6, "seal": seal_of(content), "people": losing})

    found = read(bought)
    assert (found.quantity, found.assigned) == (6, 6)
    ended = LicenseAssignment.objects.exclude(ended_at=None)
    assert {str(row.user_id) for row in ended} == set(losing)


def test_nobody_loses_a_license_when_it_cannot_be_saved(
    owner: Client, bought: Subscription, noordzee: Organization
) -> None:
    people = make_people(noordzee, 8)
    give_licenses(bought, people)
    seal = seal_of(look(owner, bought, 6))
    too_few = [str(people[0].pk)]

    answer = owner.post(
        url_of(bought), {"total": 6, "seal": seal, "people": too_few}, headers=PANE
    )

    assert answer.status_code == 422
    assert "unassign 2 licenses first" in answer.content.decode()
    assert (read(bought).quantity, read(bought).assigned) == (12, 9)


def test_later_the_smaller_number_waits_and_can_be_undone(
    owner: Client, bought: Subscription, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 8)
    content = look(owner, bought, 6)
    assert "you have 6 licenses. Until then nothing changes." in content
    owner.post(url_of(bought), {"total": 6, "seal": seal_of(content)})
    details = f"/subscriptions/{bought.pk}/"
    assert "Undo the change" in owner.get(details).content.decode()

    answer = owner.post(f"{details}undo-change/", follow=True)

    assert "The change is undone." in answer.content.decode()
    assert read(bought).scheduled_quantity is None


def test_a_payment_that_the_bank_asks_about_is_confirmed_from_the_page(
    owner: Client, bought: Subscription, stripe_client: stripe.StripeClient
) -> None:
    pay_with(stripe_client, bought, "pm_card_authenticationRequired")
    owner.post(url_of(bought), {"total": 15, "seal": seal_of(look(owner, bought, 15))})
    details = f"/subscriptions/{bought.pk}/"
    assert "Confirm the payment" in owner.get(details).content.decode()

    answer = owner.post(f"{details}payment/")

    assert answer.status_code == 302
    assert "/i/" in answer["Location"]


@pytest.mark.parametrize(
    "total", ["", "abc", "-1", "0", "1.5", "1000000000000", "12", "９9x", "\x00"]
)
def test_numbers_that_cannot_be_get_their_sentence(
    owner: Client, bought: Subscription, total: str
) -> None:
    answer = owner.post(url_of(bought), {"total": total, "seal": "x"}, headers=PANE)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert read(bought).quantity == 12


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    total=st.text(max_size=30),
    seal=st.text(max_size=60),
    when=st.text(max_size=10),
    people=st.lists(st.text(max_size=40), max_size=3),
)
def test_garbage_is_refused_and_never_an_error(
    owner: Client,
    bought: Subscription,
    total: str,
    seal: str,
    when: str,
    people: list[str],
) -> None:
    data = {"total": total, "seal": seal, "when": when, "people": people}

    assert owner.get(url_of(bought), data).status_code == 200
    assert owner.post(url_of(bought), data).status_code == 422


def test_nobody_else_finds_it(
    client: Client, bought: Subscription, bram: User, carla: User, dirk: User
) -> None:
    for stranger in (bram, carla, dirk):
        client.force_login(stranger)

        assert client.get(url_of(bought)).status_code == 404
        assert client.post(url_of(bought), {"total": 15}).status_code == 404


def test_it_takes_few_statements(owner: Client, bought: Subscription) -> None:
    with CaptureQueriesContext(connection) as shown:
        owner.get(url_of(bought), {"total": 15})

    assert len(shown) <= 7


def test_without_a_script_the_amount_is_shown_and_nothing_saved(
    owner: Client, bought: Subscription
) -> None:
    asked = {"total": "11", "mode": "remove", "look": "1"}

    page = owner.post(url_of(bought), asked).content.decode()

    assert '<h1 id="pane-title">Remove licenses</h1>' in page
    assert "11 × " in page
    assert read(bought).quantity == 12
