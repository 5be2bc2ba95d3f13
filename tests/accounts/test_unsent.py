"""The session ends while somebody fills in a form: sign in, come back, go on."""

from __future__ import annotations

import re

import pytest
import time_machine
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from selfservice.accounts.models import User
from selfservice.accounts.unsent import KEPT_FOR, LARGEST
from selfservice.core import clock

pytestmark = pytest.mark.django_db
URL = "/billing/notifications/"
FORM = {"section": "mails", "kinds": ["renewal"], "digest": "on"}


@pytest.fixture
def expired(client: Client, anna: User) -> Client:
    """Anna's browser, whose session has ended."""
    client.force_login(anna)
    client.get(URL)
    client.session.flush()
    return client


def come_back(client: Client, person: User) -> str:
    """What is shown after signing in by the form, which leads back."""
    answer = client.post(
        f"/accounts/login/?next={URL}",
        {"login": person.email, "password": "demo"},
        follow=True,
    )
    return answer.content.decode()


def test_what_was_sent_waits_and_is_sent_after_signing_in(
    expired: Client, anna: User
) -> None:
    answer = expired.post(URL, FORM)
    assert answer["Location"] == f"/accounts/login/?next={URL}"

    page = come_back(expired, anna)
    fields = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)

    assert "What you entered is not sent yet" in page
    assert [pair for pair in fields if pair[0] in FORM] == [
        ("section", "mails"),
        ("kinds", "renewal"),
        ("digest", "on"),
    ]
    assertNotContains(expired.get(URL), "not sent yet")


def test_somebody_else_at_the_same_browser_never_sees_it(
    expired: Client, bram: User
) -> None:
    expired.post(URL, FORM)

    assert "not sent yet" not in come_back(expired, bram)


def test_it_waits_a_quarter_of_an_hour(expired: Client, anna: User) -> None:
    expired.post(URL, FORM)

    with time_machine.travel(clock.now().timestamp() + KEPT_FOR + 1, tick=True):
        assert "not sent yet" not in come_back(expired, anna)


@pytest.mark.parametrize("form", [{"big": "x" * LARGEST}, {}], ids=["big", "stranger"])
def test_what_is_too_big_or_nobodys_is_not_kept(
    expired: Client, anna: User, form: dict[str, str]
) -> None:
    if not form:
        del expired.cookies["person"]

    expired.post(URL, form or FORM)

    assert "not sent yet" not in come_back(expired, anna)


def test_elsewhere_nothing_is_asked(expired: Client, anna: User) -> None:
    expired.post(URL, FORM)
    expired.force_login(anna)

    assertNotContains(expired.get("/help/"), "not sent yet")
    assertContains(expired.get(URL, HTTP_HX_REQUEST="true"), "")
