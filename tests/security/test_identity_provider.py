"""Signing in by an identity provider, over HTTP with a real one."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount

from selfservice.accounts.models import User
from tests.cast import *
from tests.security.elsewhere import *
from tests.security.elsewhere import ANNAS, named, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_whom_the_directory_names_is_let_in_and_linked(
    live_server: Any, provider: str, anna: User
) -> None:
    named(anna, ANNAS)

    page = sign_in(live_server.url, provider, "anna")

    assert page.url.startswith(live_server.url)
    assert anna.display_name in page.text
    account = SocialAccount.objects.get()
    assert (account.user_id, account.uid) == (anna.pk, ANNAS)


def test_a_stranger_is_not_let_in_whatever_their_address(
    live_server: Any, provider: str, anna: User
) -> None:
    # The provider says that this is the stranger's address.
    anna.email = "x2@theirs.example"
    named(anna, ANNAS)

    page = sign_in(live_server.url, provider, "stranger")

    assert anna.display_name not in page.text
    assert not SocialAccount.objects.exists()


def test_the_same_subject_of_another_organization_is_not_let_in(
    live_server: Any, provider: str, dirk: User
) -> None:
    named(dirk, ANNAS)

    page = sign_in(live_server.url, provider, "anna")

    assert dirk.display_name not in page.text
    assert not SocialAccount.objects.exists()


def test_who_is_disabled_is_not_let_in(
    live_server: Any, provider: str, anna: User
) -> None:
    named(anna, ANNAS)
    assert anna.display_name in sign_in(live_server.url, provider, "anna").text
    User.objects.filter(pk=anna.pk).update(is_active=False)

    page = sign_in(live_server.url, provider, "anna")

    assert anna.display_name not in page.text
