"""The language that somebody is written to in: theirs, as far as it is known."""

from __future__ import annotations

import pytest
from django.test import Client

from selfservice.accounts.models import User
from tests.cast import *
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db


def sign_in(client: Client, person: User, **headers: str) -> User:
    given = {"login": person.email, "password": PASSWORD}
    assert client.post("/accounts/login/", given, headers=headers).status_code == 302
    person.refresh_from_db()
    return person


def test_signing_in_keeps_the_language_of_the_browser(
    client: Client, anna: User
) -> None:
    assert anna.language == ""

    assert sign_in(client, anna, accept_language="nl-NL,nl;q=0.9").language == "nl"


def test_a_chosen_language_outlives_another_browser(client: Client, anna: User) -> None:
    User.objects.update(language="en")

    assert sign_in(client, anna, accept_language="nl").language == "en"


def test_the_language_that_was_switched_to_before_counts(
    client: Client, anna: User
) -> None:
    client.post("/language/", {"language": "nl"})

    assert sign_in(client, anna, accept_language="en").language == "nl"


def test_a_browser_that_asks_for_none_says_nothing(client: Client, anna: User) -> None:
    assert sign_in(client, anna).language == ""
