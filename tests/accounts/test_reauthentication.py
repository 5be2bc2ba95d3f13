"""Before money moves, who signed in long ago is asked again; nothing is lost by it."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from selfservice.accounts.models import User
from selfservice.accounts.reauthentication import KEPT_FOR, SIGNED_IN_AT
from selfservice.subscriptions.models import Subscription
from tests.cast import *
from tests.cast import PASSWORD
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *
from tests.subscriptions.changing import read

AGAIN = "/accounts/reauthenticate/"
HTMX = {"HX-Request": "true", "HX-Target": "pane"}


@pytest.fixture
def web(client: Client, anna: User, settings: Settings) -> Client:
    """Anna's browser, in which she signed in five hours ago."""
    settings.MONEY_ASKS_AGAIN_AFTER = 4 * 3600
    client.force_login(anna)
    change_session(client, SIGNED_IN_AT, time.time() - 5 * 3600)
    return client


def change_session(web: Client, key: str, value: Any) -> None:
    session = web.session
    session[key] = value
    session.save()


def pane(bought: Subscription) -> str:
    return reverse("subscriptions:recurring_billing", args=[bought.pk])


def confirm(web: Client, path: str, password: str = PASSWORD) -> Any:
    return web.post(f"{AGAIN}?{urlencode({'next': path})}", {"password": password})


def test_it_is_done_once_they_have_confirmed(web: Client, bought: Subscription) -> None:
    path = pane(bought)

    asked = web.post(path, {"recurring": "off"})

    assert asked["Location"] == f"{AGAIN}?{urlencode({'next': path})}"
    assert read(bought).recurring_billing
    done = confirm(web, path)
    assert done["Location"] == reverse("subscriptions:details", args=[bought.pk])
    assert not read(bought).recurring_billing
    # For a while nobody is asked again.
    assert web.post(path, {"recurring": "on"}).status_code == 302
    assert read(bought).recurring_billing


def test_what_was_typed_stays_when_it_is_refused(
    web: Client, bought: Subscription
) -> None:
    path = reverse("subscriptions:cancel", args=[bought.pk])

    web.post(f"{path}?from=menu", {"reason": "", "feedback": "It was <good>"})
    refused = confirm(web, path)

    assert refused.status_code == 422
    assert "It was &lt;good&gt;" in refused.content.decode()


def test_a_wrong_password_does_nothing_and_the_form_waits(
    web: Client, bought: Subscription
) -> None:
    path = pane(bought)
    web.post(path, {"recurring": "off"})

    assert confirm(web, path, "wrong").status_code == 200
    assert read(bought).recurring_billing
    confirm(web, path)
    assert not read(bought).recurring_billing


def test_a_pane_sends_the_whole_page_there(web: Client, bought: Subscription) -> None:
    asked = web.post(pane(bought), {"recurring": "off"}, headers=HTMX)

    assert asked["HX-Redirect"].startswith(AGAIN)
    # What it was asked for was a part of a page; what comes back is a whole one.
    assert confirm(web, pane(bought)).status_code == 302


def test_a_form_that_was_left_is_not_sent_with_another_confirmation(
    web: Client, bought: Subscription
) -> None:
    web.post(pane(bought), {"recurring": "off"})

    elsewhere = confirm(web, reverse("account_change_password"))

    assert elsewhere["Location"] == reverse("account_change_password")
    assert read(bought).recurring_billing


def test_a_form_that_waited_too_long_is_not_sent(
    web: Client, bought: Subscription
) -> None:
    web.post(pane(bought), {"recurring": "off"})
    kept = web.session["account_reauthentication_state"]
    kept["state"]["at"] -= KEPT_FOR + 1
    change_session(web, "account_reauthentication_state", kept)

    shown = confirm(web, pane(bought))

    assert shown["Location"] == pane(bought)
    assert read(bought).recurring_billing


def test_looking_needs_no_confirmation(web: Client, bought: Subscription) -> None:
    assert web.get(pane(bought)).status_code == 200


def test_whoever_signs_in_elsewhere_only_can_not_be_asked(
    web: Client, anna: User, bought: Subscription
) -> None:
    User.objects.filter(pk=anna.pk).update(password="!")
    web.force_login(User.objects.get(pk=anna.pk))
    change_session(web, SIGNED_IN_AT, 0)

    web.post(pane(bought), {"recurring": "off"})

    assert not read(bought).recurring_billing
