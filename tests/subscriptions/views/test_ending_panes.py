"""The panes Cancel subscription and Edit recurring billing."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.changing import *
from tests.subscriptions.changing import DAY, pass_time, read, settle

pytestmark = pytest.mark.usefixtures("moving")
PANE = {"HX-Request": "true", "HX-Target": "pane"}
GARBAGE = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def owner(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def url_of(subscription: Subscription, pane: str = "cancel") -> str:
    return f"/subscriptions/{subscription.pk}/{pane}/"


def seal_of(content: str) -> str:
    found = re.search(r'name="seal" value="([^"]+)"', content)
    assert found, content
    return found[1]


def test_the_pane_says_what_cancelling_does_before_it_does_it(
    owner: Client, bought: Subscription
) -> None:
    content = owner.get(url_of(bought), headers=PANE).content.decode()

    assert "is disabled today" in content
    assert "goes back to Visa •••• 4242." in content
    assert "Why are you canceling?" in content


def test_a_reason_is_needed_and_what_was_typed_stays(
    owner: Client, bought: Subscription
) -> None:
    seal = seal_of(owner.get(url_of(bought)).content.decode())

    answer = owner.post(
        url_of(bought), {"seal": seal, "feedback": "So sad."}, headers=PANE
    )

    assert answer.status_code == 422
    assert "Choose a reason. It helps the seller." in answer.content.decode()
    assert "So sad." in answer.content.decode()
    assert read(bought).disabled_at is None


def test_cancelling_says_what_went_back(owner: Client, bought: Subscription) -> None:
    seal = seal_of(owner.get(url_of(bought)).content.decode())

    answer = owner.post(
        url_of(bought), {"seal": seal, "reason": "mistake"}, follow=True
    )

    assert "The subscription is canceled. €714." in answer.content.decode()
    assert read(bought).cancel_reason == "mistake"
    assert read(bought).disabled_at is not None


def test_after_the_window_the_pane_says_that_nothing_goes_back(
    owner: Client, bought: Subscription, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 8)

    content = owner.get(url_of(bought)).content.decode()

    assert "Recurring billing goes off." in content
    assert "Nothing is refunded" in content


def test_recurring_billing_goes_off_and_on_again(
    owner: Client, bought: Subscription
) -> None:
    off = owner.post(
        url_of(bought, "recurring-billing"), {"recurring": "off"}, follow=True
    )
    assert "Recurring billing is off." in off.content.decode()
    assert read(bought).recurring_billing is False

    owner.post(url_of(bought, "recurring-billing"), {"recurring": "on"})

    assert read(bought).recurring_billing is True


def test_the_page_says_so_while_stripes_answer_is_unknown(
    owner: Client, bought: Subscription, sandbox: SandboxProcess
) -> None:
    sandbox.fault("drop_after", "POST", "/v1/subscriptions/", times=3)

    answer = owner.post(
        url_of(bought, "recurring-billing"), {"recurring": "off"}, follow=True
    )

    content = answer.content.decode()
    assert "We&#x27;re checking with the payment provider." in content
    assert "every 2s" in content
    settle()
    assert "every 2s" not in owner.get(f"/subscriptions/{bought.pk}/").content.decode()


def test_the_menu_says_why_something_does_not_apply(
    owner: Client, bought: Subscription
) -> None:
    owner.post(url_of(bought, "recurring-billing"), {"recurring": "off"})

    content = owner.get(f"/products/{bought.pk}").content.decode()

    assert "Turn recurring billing on first" in content
    assert "Buy licenses" in content


@GARBAGE
@given(reason=st.text(max_size=20), seal=st.text(max_size=80), text=st.text())
def test_garbage_is_refused_and_never_an_error(
    owner: Client, bought: Subscription, reason: str, seal: str, text: str
) -> None:
    data = {"reason": reason, "seal": seal, "feedback": text, "recurring": reason}

    assert owner.post(url_of(bought), data).status_code == 422
    assert owner.post(url_of(bought, "recurring-billing"), data).status_code == 422


@pytest.mark.parametrize("pane", ["cancel", "recurring-billing"])
def test_nobody_else_finds_them(
    client: Client, bought: Subscription, pane: str, bram: User, carla: User, dirk: User
) -> None:
    for stranger in (bram, carla, dirk):
        client.force_login(stranger)

        assert client.get(url_of(bought, pane)).status_code == 404
        assert client.post(url_of(bought, pane)).status_code == 404


@pytest.mark.parametrize("path", ["undo-change", "payment"])
def test_what_waits_belongs_to_its_purchaser(
    client: Client, bought: Subscription, path: str, carla: User
) -> None:
    client.force_login(carla)

    assert client.post(url_of(bought, path)).status_code == 404
    assert client.get(url_of(bought, path)).status_code == 405
