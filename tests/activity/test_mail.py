"""Mail: queued with the change, sent once after it, in the reader's language."""

from __future__ import annotations

import dataclasses
import datetime as dt
import smtplib
import threading
from collections.abc import Callable, Sequence
from email.message import EmailMessage as Parsed

import pytest
from django.core import mail as outgoing
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from pytest_django.fixtures import Settings

from selfservice.accounts.models import User
from selfservice.activity.models import Mail, MailState
from selfservice.activity.services.mail import UnknownMail, queue, queue_all
from selfservice.activity.services.sending import (
    ATTEMPTS,
    MailWaits,
    message_of,
    send_all,
)
from selfservice.activity.tasks import sweep_mail
from tests.factories.accounts import make_people
from tests.factories.mail import make_letter, queued, send_queued

real = pytest.mark.django_db(transaction=True)


class WentWrong(Exception):
    """What ends a change."""


class Trouble(EmailBackend):
    """A mail server that refuses some addresses, and whose answers get lost."""

    errors: dict[str, Exception] = {}

    def send_messages(self, messages: Sequence[outgoing.EmailMessage]) -> int:
        for message in messages:
            if message.to[0] in self.errors:
                raise self.errors[message.to[0]]
        return super().send_messages(messages)


@pytest.fixture(autouse=True)
def no_jobs(db: None) -> None:
    """Tests with real transactions leave theirs: the library's table stays as it is."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture
def trouble(settings: Settings) -> dict[str, Exception]:
    """What the mail server raises, by address."""
    Trouble.errors = {}
    settings.MAILERS = {"default": {"BACKEND": f"{__name__}.Trouble"}}
    return Trouble.errors


@transaction.atomic
def change_and_fail(reader: User) -> None:
    queue(make_letter(reader))
    raise WentWrong


@real
def test_a_change_that_is_rolled_back_sends_no_mail(anna: User) -> None:
    with pytest.raises(WentWrong):
        change_and_fail(anna)

    send_queued()

    assert (queued(), Mail.objects.count(), outgoing.outbox) == ([], 0, [])


@real
def test_mail_is_sent_after_the_commit_and_only_once(anna: User) -> None:
    with transaction.atomic():
        queue(make_letter(anna))
        assert outgoing.outbox == []

    send_queued()
    send_queued()

    row = Mail.objects.get()
    assert (row.state, row.attempts, row.context) == (MailState.SENT, 1, {})
    assert [message.to for message in outgoing.outbox] == [[anna.email]]


def test_the_same_fact_told_twice_is_one_mail(anna: User) -> None:
    letter = make_letter(anna, period="2026-11-23")
    queue(letter)
    queue(letter)
    queue(dataclasses.replace(letter, period="2027-11-23"))

    send_queued()

    assert len(outgoing.outbox) == Mail.objects.count() == 2


def test_an_unknown_kind_fails_at_once(anna: User) -> None:
    with pytest.raises(UnknownMail, match="birthday"):
        queue(make_letter(anna, kind="birthday"))

    assert not queued()


def test_each_reads_their_own_language_and_time(anna: User, bram: User) -> None:
    anna.language = "nl"
    late = dt.datetime(2027, 3, 14, 23, 30, tzinfo=dt.UTC)
    zone = "Europe/Amsterdam"
    for person in (anna, bram):
        queue(make_letter(person, zone=zone, facts={"term_end": late}))

    send_queued()

    dutch, english = (str(message.body) for message in outgoing.outbox)
    assert "€ 714,38" in dutch.replace("\xa0", " ")
    assert "15 mrt 2027" in dutch
    assert "€714.38" in english
    assert "15 Mar 2027" in english


def test_whoever_was_never_here_is_written_to_as_whoever_did_it_reads(
    anna: User, bram: User
) -> None:
    bram.language = "en"

    with translation.override("nl"):
        queue(make_letter(anna))
        queue(make_letter(bram))

    languages = Mail.objects.order_by("created_at").values_list("language", flat=True)
    assert [*languages] == ["nl", "en"]


def test_names_are_escaped_in_html_and_only_there(anna: User) -> None:
    queue(make_letter(anna, facts={"product": "<b>R&D</b>\nBcc: x@y.example"}))

    message = message_of(Mail.objects.get())

    html = str(message.alternatives[0].content)
    assert "&lt;b&gt;R&amp;D&lt;/b&gt;" in html
    assert "<b>" not in html
    assert "<b>R&D</b>" in str(message.body)
    assert "\n" not in message.subject


def test_a_second_try_has_the_same_message_id(
    anna: User, trouble: dict[str, Exception]
) -> None:
    queue(make_letter(anna))
    row = Mail.objects.get()
    trouble[anna.email] = smtplib.SMTPServerDisconnected("gone")
    with pytest.raises(MailWaits):
        send_queued()
    trouble.clear()

    send_queued()

    sent = outgoing.outbox[0].message()
    assert isinstance(sent, Parsed)
    assert sent["Message-ID"] == f"<{row.pk}@127.0.0.1>"
    assert message_of(row).extra_headers["Message-ID"] == sent["Message-ID"]
    assert Mail.objects.get().attempts == 2


@pytest.mark.parametrize("code", [550, 450])
def test_one_that_fails_does_not_keep_the_others(
    anna: User, bram: User, trouble: dict[str, Exception], code: int
) -> None:
    refusal = {anna.email: (code, b"no such anna@noordzee.example")}
    trouble[anna.email] = smtplib.SMTPRecipientsRefused(refusal)
    queue_all([make_letter(anna), make_letter(bram)])

    if code == 450:
        with pytest.raises(MailWaits, match="1 of 2"):
            send_queued()
    else:
        send_queued()

    states = dict(Mail.objects.values_list("recipient_id", "state"))
    given_up = MailState.FAILED if code == 550 else MailState.WAITING
    assert states == {anna.pk: given_up, bram.pk: MailState.SENT}
    assert "anna" not in Mail.objects.get(recipient_id=anna.pk).error


def test_a_server_that_stays_away_is_given_up(
    anna: User, trouble: dict[str, Exception]
) -> None:
    trouble[anna.email] = OSError("no route")
    queue(make_letter(anna))
    Mail.objects.update(attempts=ATTEMPTS - 1)

    send_queued()

    assert Mail.objects.get().state == MailState.FAILED


def test_mail_that_lost_its_job_gets_another(anna: User) -> None:
    old, _young = make_people(anna.organization, 2)
    queue_all([make_letter(old), make_letter(_young)])
    lost = Mail.objects.get(recipient_id=old.pk)
    Mail.objects.filter(pk=lost.pk).update(
        created_at=timezone.now() - dt.timedelta(hours=13)
    )

    sweep_mail()
    sweep_mail()

    assert [job["mail_ids"] for job in queued()[1:]] == [[str(lost.pk)]]


def test_twenty_mails_are_queued_in_two_statements(anna: User) -> None:
    letters = [make_letter(p) for p in make_people(anna.organization, 20)]

    with CaptureQueriesContext(connection) as queries:
        queue_all(letters)

    assert len(queries) == 2
    assert len(queued()) == 1


@real
def test_two_workers_never_both_send_it(
    anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes while the first is at the mail server."""
    queue(make_letter(anna))
    row = Mail.objects.get()
    send = EmailBackend.send_messages

    def slow(self: EmailBackend, messages: Sequence[outgoing.EmailMessage]) -> int:
        in_a_thread(lambda: send_all(row.organization_id, [row.pk]))
        return send(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", slow)

    send_queued()

    assert len(outgoing.outbox) == 1


def in_a_thread(work: Callable[[], None]) -> None:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=10)
    assert not thread.is_alive()
