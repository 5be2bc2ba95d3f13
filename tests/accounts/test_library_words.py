"""What the libraries say to people, they say as the portal does: formally, in Dutch."""

from __future__ import annotations

import re
from importlib import resources

import polib
import pytest
from django.conf import settings
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core import mail as outgoing
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils import translation

from selfservice.accounts.models import User
from tests.cast import *
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
INFORMAL = re.compile(r"\b(je|jij|jou|jouw|jezelf)\b", re.IGNORECASE)
NEW = "een-heel-nieuw-wachtwoord-7"
RESET = "/accounts/password/reset/"
FOR_STRANGERS = (
    RESET,
    f"{RESET}done/",
    f"{RESET}key/1-none/",
    f"{RESET}key/done/",
    "/accounts/inactive/",
    "/accounts/signup/",
    "/accounts/confirm-email/",
)
FOR_PEOPLE = (
    "/accounts/logout/",
    "/accounts/3rdparty/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/",
    "/accounts/sessions/",
    "/accounts/3rdparty/login/cancelled/",
    "/accounts/3rdparty/login/error/",
)


@pytest.fixture
def dutch() -> Client:
    return Client(headers={"accept-language": "nl"})


def words(html: str) -> str:
    main = html[html.index("<main") : html.index("</main>")]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def last_mail() -> EmailMultiAlternatives:
    message = outgoing.outbox[-1]
    assert isinstance(message, EmailMultiAlternatives)
    return message


@pytest.mark.parametrize("path", FOR_STRANGERS + FOR_PEOPLE)
def test_no_page_is_informal(dutch: Client, anna: User, path: str) -> None:
    if path in FOR_PEOPLE:
        dutch.force_login(anna)

    answer = dutch.get(path)

    assert answer.status_code in {200, 401}
    shown = words(answer.content.decode())
    assert not INFORMAL.search(shown), shown


def test_a_wrong_password_is_told_with_what_to_do(dutch: Client, anna: User) -> None:
    given = {"login": anna.email, "password": "fout"}

    shown = words(dutch.post("/accounts/login/", given).content.decode())

    assert "horen niet bij elkaar. Controleer beide, of vraag" in shown


def test_a_short_password_is_refused_in_dutch() -> None:
    with (
        translation.override("nl"),
        pytest.raises(ValidationError, match="minstens 8 tekens"),
    ):
        MinimumLengthValidator(8).validate("kort")


def test_a_changed_password_is_told_in_the_look_of_all_mails(
    dutch: Client, anna: User
) -> None:
    dutch.force_login(anna)
    given = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}

    answer = dutch.post("/accounts/password/change/", given, follow=True)

    assert answer.redirect_chain == [("/accounts/security/", 302)]
    assert "Uw wachtwoord is gewijzigd." in answer.content.decode()
    message = last_mail()
    assert message.subject == "Uw wachtwoord is gewijzigd"
    assert "Was u het niet, kies dan meteen" in message.body
    assert "IP-adres: 127.0.0.1" in message.body
    page = str(message.alternatives[0].content)
    assert '<html lang="nl">' in page
    assert "Was u het niet, kies dan meteen" in page


def test_an_unknown_address_is_not_asked_to_sign_up(dutch: Client, db: None) -> None:
    dutch.post(RESET, {"email": "niemand@noordzee.example"})

    message = last_mail()
    assert message.subject == "Er is geen account voor dit adres"
    assert "niemand@noordzee.example" in message.body
    assert "http" not in message.body.replace(settings.PORTAL_BASE_URL, "")
    assert not INFORMAL.search(message.body)


def test_the_libraries_still_say_what_is_translated_here() -> None:
    known = set()
    for package, folder in (("allauth", "locale"), ("django", "contrib/auth/locale")):
        at = resources.files(package) / folder / "nl/LC_MESSAGES/django.po"
        known |= {entry.msgid for entry in polib.pofile(str(at))}
    ours = polib.pofile(f"{settings.LOCALE_PATHS[1]}/nl/LC_MESSAGES/django.po")

    # Django's own Dutch doesn't have this one yet.
    short = "This password is too short. It must contain at least %d character."
    assert {entry.msgid for entry in ours} - known == {short}
