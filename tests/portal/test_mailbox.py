"""The demo's mailbox: what would have been sent, as its readers would see it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from selfservice.accounts.models import User
from selfservice.activity.models import Mail
from selfservice.activity.services.mail import queue
from selfservice.activity.services.sending import message_of
from tests.factories.mail import make_letter

pytestmark = pytest.mark.django_db

URL = "/demo/mailbox/"


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": str(tmp_path)},
        }
    }
    return tmp_path


def send(person: User, **fields: object) -> EmailMultiAlternatives:
    queue(make_letter(person, **fields))
    row = Mail.objects.get(recipient_id=person.pk)
    message = message_of(row)
    message.attach("terms.txt", b"all of them", "text/plain")
    message.send()
    return message


def subjects(response: HttpResponse) -> list[str]:
    return [mail.subject for mail in response.context["mails"]]


def test_it_lists_what_was_sent_and_shows_the_newest(
    anna: User, bram: User, client: Client
) -> None:
    message = send(anna, facts={"product": "R&D — Ünïcode"})

    page = client.get(URL)

    assert subjects(page) == [message.subject]
    html = page.content.decode()
    assert "R&amp;D — Ünïcode" in html
    frame = re.search(r'<iframe src="([^"]+)"', html)
    assert frame is not None
    shown = client.get(frame[1]).content.decode()
    assert "<h1>Your order is confirmed: R&amp;D — Ünïcode</h1>" in shown
    assert '<base target="_top">' in shown
    assert "/subscriptions/1/" in shown


def test_what_came_last_is_first_whatever_the_clock_said(
    folder: Path, client: Client
) -> None:
    """Mails about signing in are in real time, the others in the demo's."""
    for name, subject, year in (
        ("20261130-140000-1", "Moved on", 2027),
        ("20261130-140501-1", "Real", 2026),
    ):
        text = f"Subject: {subject}\nDate: Mon, 30 Nov {year} 14:00:00 +0000\n\nx\n"
        (folder / f"{name}.log").write_text(f"{text}\n{'-' * 79}\n")

    assert subjects(client.get(URL)) == ["Real", "Moved on"]


def test_it_can_be_narrowed_to_one_reader(
    anna: User, bram: User, client: Client
) -> None:
    send(anna)
    send(bram, facts={"product": "Bram's"})

    page = client.get(URL, {"to": bram.email})

    assert subjects(page) == ["Your order is confirmed: Bram's"]


def test_text_source_and_files_are_there(anna: User, client: Client) -> None:
    send(anna)
    name = client.get(URL).context["mail"].name
    here = reverse("portal:mail", args=[name])

    assert "Hello Anna de Vries," in client.get(here, {"as": "plain"}).content.decode()
    source = client.get(here, {"as": "source"}).content.decode()
    assert "Message-ID: &lt;" in source
    file = client.get(f"{here}files/0/")
    assert file.content.strip() == b"all of them"
    assert client.get(f"{here}files/1/").status_code == 404


def test_a_mail_is_shown_without_scripts_and_only_here(
    anna: User, client: Client, settings: Settings
) -> None:
    send(anna)
    name = client.get(URL).context["mail"].name

    mail = client.get(reverse("portal:mail_html", args=[name]))
    page = client.get(URL)

    policy = mail["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert mail["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-src 'self'" in page["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["..", "20260101-000000-1.0", "x", "%2e%2e%2fclock"])
def test_nothing_else_is_read(client: Client, name: str, folder: Path) -> None:
    (folder / "clock").write_text("secret")

    assert client.get(f"{URL}{name}/").status_code in (301, 404)


def test_without_mail_it_says_how_to_get_some(client: Client) -> None:
    assert "move the clock" in client.get(URL).content.decode()


def test_a_mail_without_html_is_shown_as_text(client: Client) -> None:
    EmailMultiAlternatives("Plain", "only text", to=["a@b.example"]).send()

    page = client.get(URL).content.decode()

    assert "This email has no HTML part." in page
    assert "only text" in page


def test_the_banner_and_the_sign_in_page_lead_there(anna: User, client: Client) -> None:
    assert f'href="{URL}"' in client.get("/accounts/login/").content.decode()
    client.force_login(anna)
    assert f'href="{URL}"' in client.get("/help/").content.decode()


def test_it_is_in_dutch(anna: User, client: Client) -> None:
    anna.language = "nl"
    anna.save()
    client.force_login(anna)

    assert "Postvak" in client.get(URL).content.decode()
