"""A worker that is killed while it sends: nothing is lost, and nothing is new."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.filebased import EmailBackend
from django.db import connection
from pytest_django.fixtures import Settings

from selfservice.accounts.models import User
from selfservice.activity.models import Mail, MailState
from selfservice.activity.services.mail import queue
from selfservice.activity.services.sending import send_all
from tests.factories.mail import make_letter
from tests.reliability.killing import run_in_child

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE, AFTER = "before", "after"
PATIENCE = 30.0
# Whoever died holds its locks until PostgreSQL notices.
OTHERS_AT_WORK = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND backend_type = 'client backend' AND xact_start IS NOT NULL
"""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Deadly(EmailBackend):
    """A mail server that says yes with a file; whoever asks it dies of it."""

    at = ""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        if self.at == BEFORE:
            die()
        said = super().send_messages(messages)
        if self.at == AFTER:
            die()
        return said or 0


@pytest.fixture
def post(settings: Settings, tmp_path: Path, db: None) -> Path:
    """Where the mail server keeps what it said yes to."""
    backend = f"{__name__}.Deadly"
    settings.MAILERS = {
        "default": {"BACKEND": backend, "OPTIONS": {"file_path": str(tmp_path)}}
    }
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    return tmp_path


def message_ids(post: Path) -> list[str]:
    lines = [line for file in post.iterdir() for line in file.read_text().splitlines()]
    return [line for line in lines if line.startswith("Message-ID:")]


def killed(row: Mail, at: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a worker of its own died there; `at` empty: when all was done."""
    monkeypatch.setattr(Deadly, "at", at)

    def work() -> None:
        send_all(row.organization_id, [row.pk])
        die()

    died = run_in_child(work).killed
    monkeypatch.setattr(Deadly, "at", "")
    deadline = time.monotonic() + PATIENCE
    while others_at_work():
        assert time.monotonic() < deadline, "the dead one still holds its locks"
        time.sleep(0.02)
    return died


def others_at_work() -> int:
    with connection.cursor() as cursor:
        cursor.execute(OTHERS_AT_WORK)
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize(("at", "count"), [(BEFORE, 1), (AFTER, 2), ("", 1)])
def test_only_between_the_servers_yes_and_the_commit_it_is_sent_again(
    anna: User, post: Path, monkeypatch: pytest.MonkeyPatch, at: str, count: int
) -> None:
    queue(make_letter(anna))
    row = Mail.objects.get()
    assert killed(row, at, monkeypatch)

    send_all(row.organization_id, [row.pk])
    send_all(row.organization_id, [row.pk])

    found = message_ids(post)
    assert (len(found), len(set(found))) == (count, 1)
    assert Mail.objects.get().state == MailState.SENT
