"""Before money moves, an identity provider asks once more; a real one, over HTTP."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
import requests
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.socialaccount.models import SocialAccount
from django.conf import settings as django_settings
from django.contrib.sessions.backends.db import SessionStore
from django.urls import reverse
from pytest_django.fixtures import Settings

from selfservice.accounts.models import User
from selfservice.accounts.reauthentication import SIGNED_IN_AT
from selfservice.subscriptions.models import Subscription
from tests.cast import *
from tests.security.elsewhere import *
from tests.security.elsewhere import ANNAS, answer_there, named, sign_in
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *
from tests.subscriptions.changing import read

HOURS = 5 * 3600

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def web(
    live_server: Any, provider: str, anna: User, settings: Settings
) -> requests.Session:
    """Anna's browser: she has no password here, and signed in five hours ago."""
    settings.MONEY_ASKS_AGAIN_AFTER = 4 * 3600
    named(anna, ANNAS)
    User.objects.filter(pk=anna.pk).update(password="!")
    browser = requests.Session()
    sign_in(live_server.url, provider, "anna", browser)
    let_pass(browser, HOURS)
    return browser


def session_of(web: requests.Session) -> SessionStore:
    return SessionStore(web.cookies.get_dict()[django_settings.SESSION_COOKIE_NAME])


def let_pass(web: requests.Session, seconds: float) -> None:
    session = session_of(web)
    session[SIGNED_IN_AT] -= seconds
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= seconds
    session.save()


def press(web: requests.Session, url: str, data: dict[str, str]) -> requests.Response:
    token = web.cookies.get_dict()[django_settings.CSRF_COOKIE_NAME]
    form = {**data, "csrfmiddlewaretoken": token}
    return web.post(url, data=form, headers={"Referer": url}, timeout=30)


def asked_again(portal: str, web: requests.Session, path: str) -> requests.Response:
    """Switch recurring billing off; then the provider's page, which asks."""
    page = press(web, portal + path, {"recurring": "off"})
    assert page.url.startswith(f"{portal}/accounts/confirm/"), page.url
    return press(web, page.url, {"next": path})


def pane(bought: Subscription) -> str:
    return reverse("subscriptions:recurring_billing", args=[bought.pk])


def test_it_is_done_once_their_provider_has_asked_them(
    live_server: Any, provider: str, web: requests.Session, bought: Subscription
) -> None:
    theirs = asked_again(live_server.url, web, pane(bought))
    # Though it knows who that is, it asks.
    assert theirs.url.startswith(provider), theirs.url
    assert read(bought).recurring_billing

    done = answer_there(web, theirs, {})

    assert done.url == live_server.url + reverse(
        "subscriptions:details", args=[bought.pk]
    )
    assert not read(bought).recurring_billing
    # For a while nobody is asked again.
    press(web, live_server.url + pane(bought), {"recurring": "on"})
    assert read(bought).recurring_billing


def test_a_provider_that_is_not_asked_to_ask_is_not_believed(
    live_server: Any, provider: str, web: requests.Session, bought: Subscription
) -> None:
    """The browser leaves out the words that make it ask."""
    page = press(web, live_server.url + pane(bought), {"recurring": "off"})
    token = web.cookies.get_dict()[django_settings.CSRF_COOKIE_NAME]
    sent = web.post(
        page.url,
        data={"csrfmiddlewaretoken": token, "next": pane(bought)},
        headers={"Referer": page.url},
        allow_redirects=False,
        timeout=30,
    )
    assert "prompt=login" in sent.headers["Location"]
    assert "max_age=0" in sent.headers["Location"]
    ask_long_ago(web)

    back = web.get(re.sub("&(prompt|max_age)=[^&]+", "", sent.headers["Location"]))

    assert "say that it asked you again" in back.text
    assert read(bought).recurring_billing


def ask_long_ago(web: requests.Session) -> None:
    """As if we had asked only now what the provider answered minutes ago."""
    session = session_of(web)
    for state, *_rest in session["socialaccount_states"].values():
        state["data"]["at"] = time.time() + 3600
    session.save()


def test_somebody_elses_account_does_not_confirm(
    live_server: Any,
    provider: str,
    web: requests.Session,
    bought: Subscription,
    bram: User,
) -> None:
    named(bram, "2")
    asked_again(live_server.url, web, pane(bought))
    sent = session_of(web)["socialaccount_states"]
    other = requests.Session()
    sign_in(live_server.url, provider, "stranger", other)
    # Bram's session there, in Anna's browser.
    for cookie in other.cookies:
        if cookie.name == "theirs":
            web.cookies.set_cookie(cookie)
    assert sent
    page = web.get(f"{live_server.url}/accounts/confirm/?next={pane(bought)}")
    theirs = press(web, page.url, {"next": pane(bought)})

    back = answer_there(web, theirs, {})

    assert "somebody else" in back.text, back.url
    assert read(bought).recurring_billing


def test_who_was_let_in_unasked_has_not_just_shown_who_they_are(
    live_server: Any, provider: str, web: requests.Session, anna: User
) -> None:
    """The provider remembers them, and says since when."""
    before = session_of(web)[SIGNED_IN_AT] + HOURS
    press(web, f"{live_server.url}/accounts/logout/", {})
    time.sleep(1.1)

    sign_in(live_server.url, provider, "anna", web)

    assert session_of(web)[SIGNED_IN_AT] == int(before)


def test_adding_a_passkey_asks_whoever_signs_in_there(
    live_server: Any, provider: str, web: requests.Session
) -> None:
    path = "/accounts/2fa/webauthn/add/"
    page = web.get(live_server.url + path, timeout=30)
    assert page.url.startswith(f"{live_server.url}/accounts/confirm/"), page.url

    added = answer_there(web, press(web, page.url, {"next": path}), {})

    assert added.url == live_server.url + path
    assert "mfa_webauthn" in added.text or "webauthn" in added.text


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider doesn't tell when it asked somebody."""
    monkeypatch.setenv("SILENT", "1")


def test_a_provider_that_says_nothing_is_not_believed(
    silent: None,
    live_server: Any,
    provider: str,
    web: requests.Session,
    bought: Subscription,
) -> None:
    theirs = asked_again(live_server.url, web, pane(bought))

    back = answer_there(web, theirs, {})

    assert "say that it asked you again" in back.text
    assert read(bought).recurring_billing


def test_nobody_connects_an_account_that_the_directory_gives_to_nobody_or_another(
    live_server: Any, provider: str, anna: User, client: Any
) -> None:
    named(anna, ANNAS)
    web = requests.Session()
    client.force_login(anna)
    name = django_settings.SESSION_COOKIE_NAME
    web.cookies.set(name, client.cookies[name].value)
    page = web.get(f"{live_server.url}/accounts/3rdparty/", timeout=30)
    start = f"{live_server.url}/accounts/oidc/organization/login/?process=connect"

    theirs = press(web, start, {})
    assert theirs.url.startswith(provider), page.url
    back = answer_there(web, theirs, {"login": "stranger"})

    assert back.status_code == 401
    assert not SocialAccount.objects.exists()
