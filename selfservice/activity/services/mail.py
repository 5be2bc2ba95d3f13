"""Queuing mail: one row per fact and reader, sent once its change is committed.

A room registers its kinds of mail, each with a subject, and has templates at
`templates/mail/<kind>.txt` and `.html`. What they need travels as plain facts.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import get_language

from selfservice.activity.models import Mail, MailState
from selfservice.activity.services import choices
from selfservice.core import jobs
from selfservice.core.hooks import Registry
from selfservice.core.money import Money

SEND_JOB = "activity.send_mail"

type PlainFact = str | int | bool | Money | dt.datetime | None
# A list of rows, for what a mail counts up.
type MailFact = PlainFact | Sequence[Mapping[str, PlainFact]]
type MailFacts = Mapping[str, MailFact]

# The kinds, each with its subject: "Order confirmed: %(product)s", from the facts.
kinds: Registry[Promise] = Registry("mail")


@dataclasses.dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    content: bytes
    content_type: str


# What gets the files of a kind, over the network maybe, when it is sent.
attachments: Registry[Callable[[Mail], list[Attachment]]] = Registry("attachments")


class UnknownMail(LookupError):
    """Nobody registered this kind, so it has no subject and no text."""


class Reader(Protocol):
    """Who gets it; a User looks like this."""

    pk: Any
    email: str
    language: str
    display_name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Letter:
    """One mail to be. `kind`, `subject_id`, `period` and reader make it the only one.

    `period` tells apart what happens to one subject more than once. `path` is the
    page that the mail leads to; dates are written in `zone` (an IANA name).
    """

    kind: str
    organization_id: uuid.UUID
    subject_id: uuid.UUID
    to: Reader
    path: str
    period: str = ""
    zone: str = "UTC"
    facts: MailFacts = dataclasses.field(default_factory=dict)


def queue(letter: Letter) -> None:
    """Queue one mail in the caller's transaction; a second time changes nothing.

    Raises UnknownMail.
    """
    queue_all([letter])


def queue_all(letters: Iterable[Letter]) -> int:
    """Queue mails of one organization in two statements, in the caller's transaction.

    Kinds that their reader may do without cost a third one, which asks what the
    reader chose. Answers how many are wanted. Raises UnknownMail.
    """
    rows = choices.as_chosen([_row(letter) for letter in letters])
    if not rows:
        return 0
    # Both or none, also for a caller who has no transaction.
    with transaction.atomic(savepoint=False):
        # Those that exist keep their id; the job passes over ids without a row.
        Mail.objects.bulk_create(rows, ignore_conflicts=True)
        waiting = [str(row.pk) for row in rows if row.state == MailState.WAITING]
        if waiting:
            jobs.enqueue(
                SEND_JOB,
                organization_id=str(rows[0].organization_id),
                mail_ids=waiting,
            )
    return len(rows)


def already_queued(
    organization_id: uuid.UUID, kind: str, subjects: Iterable[uuid.UUID]
) -> set[tuple[uuid.UUID, str]]:
    """Subject and period of the mails of this kind that there are."""
    rows = Mail.objects.filter(
        organization_id=organization_id, kind=kind, subject_id__in=list(subjects)
    )
    return set(rows.values_list("subject_id", "period"))


def unpack(context: Mapping[str, Any]) -> dict[str, MailFact]:
    """The facts as they were, out of the row."""
    return {name: _unpacked(value) for name, value in context.items()}


def _row(letter: Letter) -> Mail:
    if kinds.get(letter.kind) is None:
        raise UnknownMail(letter.kind)
    return Mail(
        organization_id=letter.organization_id,
        kind=letter.kind,
        subject_id=letter.subject_id,
        period=letter.period,
        recipient_id=letter.to.pk,
        address=letter.to.email,
        name=letter.to.display_name,
        # Whoever was never here is written to as whoever did it reads.
        language=letter.to.language or get_language() or settings.LANGUAGE_CODE,
        path=letter.path,
        zone=letter.zone,
        context={name: _packed(value) for name, value in letter.facts.items()},
    )


def _packed(value: MailFact) -> object:
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency}
    if isinstance(value, dt.datetime):
        return {"instant": value.isoformat()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [{name: _packed(fact) for name, fact in row.items()} for row in value]
    return value


def _unpacked(value: Any) -> MailFact:
    if isinstance(value, list):
        return [{name: _plain(fact) for name, fact in row.items()} for row in value]
    return _plain(value)


def _plain(value: Any) -> PlainFact:
    if not isinstance(value, dict):
        fact: PlainFact = value
        return fact
    if "instant" in value:
        return dt.datetime.fromisoformat(value["instant"])
    return Money(value["minor"], value["currency"])
