"""Signing in, staying in, and being out everywhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django.fixtures import Settings

from selfservice.accounts.models import User
from selfservice.accounts.services.signing_in import disable_person, enable_person
from tests.cast import *
from tests.cast import PASSWORD

LOGIN = "/accounts/login/"
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}


def sign_in(user: User, password: str = PASSWORD) -> Client:
    web = Client()
    web.get(LOGIN)
    web.post(LOGIN, {"login": user.email, "password": password})
    return web


def is_in(web: Client) -> bool:
    return web.get("/help/").status_code == 200


def test_a_session_gets_a_new_key_at_every_sign_in(anna: User) -> None:
    web = sign_in(anna)
    name = django_settings.SESSION_COOKIE_NAME
    first = web.cookies[name].value
    web.post("/accounts/logout/")
    web.post(LOGIN, {"login": anna.email, "password": PASSWORD})

    assert is_in(web)
    assert web.cookies[name].value != first
    assert web.cookies[name]["httponly"]
    assert web.cookies[name]["samesite"] == "Lax"


def test_a_new_password_ends_the_other_sessions(anna: User) -> None:
    here, elsewhere = sign_in(anna), sign_in(anna)

    here.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "n3w-Pass!x", "password2": "n3w-Pass!x"},
    )

    assert is_in(here)
    assert not is_in(elsewhere)


def test_who_is_let_in_again_must_sign_in_again(anna: User) -> None:
    web, other = sign_in(anna), sign_in(anna)

    disable_person(person=anna)
    enable_person(person=anna)

    assert not is_in(web)
    assert not is_in(other)
    assert is_in(sign_in(anna))


def test_a_calendars_address_is_not_made_in_passing(
    anna: User, settings: Settings
) -> None:
    web = sign_in(anna)
    settings.MONEY_ASKS_AGAIN_AFTER = 0

    for calendar in ("on", "off"):
        asked = {"section": "calendar", "calendar": calendar}
        answer = web.post("/billing/notifications/", asked)
        assert answer["Location"].startswith("/accounts/reauthenticate/")


def test_the_other_browsers_can_be_signed_out(anna: User) -> None:
    here, elsewhere = sign_in(anna), sign_in(anna)
    page = here.get("/accounts/security/").content.decode()
    assert "In 2 browsers" in page

    here.post("/accounts/sessions/")

    assert is_in(here)
    assert not is_in(elsewhere)


def test_with_an_app_the_password_alone_is_not_enough(anna: User) -> None:
    web = sign_in(anna)
    web.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = shown(web.get("/accounts/2fa/totp/activate/"))
    secret = re.search(r'value="([A-Z2-7]{16,})"', page)
    assert secret
    web.post("/accounts/2fa/totp/activate/", {"code": code_of(secret[1])})

    again = sign_in(anna)

    assert not is_in(again)
    assert (
        "/accounts/2fa/authenticate/"
        in again.get(LOGIN, follow=True).redirect_chain[-1][0]
    )
    again.post("/accounts/2fa/authenticate/", {"code": recovery_codes(web)[0]})
    assert is_in(again)


def shown(page: Any) -> str:
    return str(page.content.decode())


def code_of(secret: str) -> str:
    counter = next(totp.yield_hotp_counters_from_time())
    return str(totp.format_hotp_value(totp.hotp_value(secret, counter)))


def recovery_codes(web: Client) -> list[str]:
    return re.findall(r"\b\d{8}\b", shown(web.get("/accounts/2fa/recovery-codes/")))


@pytest.mark.parametrize(
    "page",
    [
        "security/",
        "2fa/",
        "2fa/webauthn/",
        "2fa/totp/activate/",
        "2fa/webauthn/add/",
        "sessions/",
        "password/change/",
        "reauthenticate/",
    ],
)
def test_the_pages_of_the_account_are_ours_and_in_dutch(anna: User, page: str) -> None:
    web = sign_in(anna)
    web.post("/accounts/reauthenticate/", {"password": PASSWORD})
    anna.language = "nl"
    anna.save()

    answer = web.get(f"/accounts/{page}")

    assert answer.status_code == 200
    assert '<html lang="nl"' in shown(answer)
    assert "css/components.css" in shown(answer)
    if page != "reauthenticate/":
        assert "Aanmelding en beveiliging" in shown(answer)


def test_nobody_gives_themselves_another_address(anna: User) -> None:
    web = sign_in(anna)

    for action in ("action_add", "action_primary"):
        data = {"email": "carla@noordzee.example", action: "1"}
        assert web.post("/accounts/email/", data).status_code == 405
    anna.refresh_from_db()
    assert anna.email == "anna@noordzee.example"


def test_nobody_signs_up(db: None) -> None:
    data = {"email": "x@x.example", "password1": "n3w-Pass!", "password2": "n3w-Pass!"}
    Client().post("/accounts/signup/", data)

    assert not User.objects.exists()


def test_a_reset_does_not_tell_whom_we_know(anna: User) -> None:
    known, unknown = (
        Client().post("/accounts/password/reset/", {"email": email}, follow=True)
        for email in (anna.email, "nobody@noordzee.example")
    )

    strip = re.compile(r'csrfmiddlewaretoken" value="\w+"')
    assert strip.sub("", shown(known)) == strip.sub("", shown(unknown))


def test_a_mail_says_the_portals_address_whatever_host_was_asked(
    anna: User, mailoutbox: list[EmailMessage], settings: Settings
) -> None:
    settings.PORTAL_BASE_URL = "https://portal.example"
    settings.MAILERS = MAILERS

    Client().post(
        "/accounts/password/reset/",
        {"email": anna.email},
        headers={"host": "portal.example:8443", "x-forwarded-host": "evil.example"},
    )

    (mail,) = mailoutbox
    shown = f"{mail.subject} {mail.body} {mail.alternatives}"
    assert "https://portal.example/accounts/password/reset/key/" in shown
    assert "8443" not in shown
    assert "evil" not in shown


@pytest.mark.django_db
def test_guesses_of_one_password_are_one_count_whatever_host_is_named(
    anna: User, settings: Settings
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key"}
    cache.clear()
    for port in range(1, 6):
        data = {"login": anna.email.title(), "password": "wrong"}
        Client().post(LOGIN, data, headers={"host": f"portal.example:{port}"})

    assert not is_in(sign_in(anna))
    cache.clear()
    assert is_in(sign_in(anna))
