"""What people chose about their mail, and what follows from it.

A room registers the kinds that somebody may do without; all others are always sent.
"""

from __future__ import annotations

import dataclasses
import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence

from django.core import signing
from django.db.models import Exists, OuterRef
from django.utils.functional import Promise

from selfservice.activity.models import LeadTimes, Mail, MailChoices, MailState
from selfservice.core.hooks import Registry

SALT = "activity.unsubscribe"
DIGEST = "digest"


@dataclasses.dataclass(frozen=True, slots=True)
class Optional:
    """A kind of mail that somebody may turn off. A reminder tells what is to come:
    it may come in a digest, and says how to be rid of it."""

    label: str | Promise
    text: str | Promise
    reminder: bool = False


optional: Registry[Optional] = Registry("optional mail")


def reminders() -> list[str]:
    """The kinds that are reminders."""
    kinds = {kind: optional.get(kind) for kind in optional}
    return [kind for kind, about in kinds.items() if about and about.reminder]


def is_reminder(kind: str) -> bool:
    about = optional.get(kind)
    return kind == DIGEST or bool(about and about.reminder)


def choices_of(organization_id: uuid.UUID, person_id: uuid.UUID) -> MailChoices:
    """What a person chose; a new row, not stored, for one who never did."""
    found = MailChoices.objects.filter(
        organization_id=organization_id, person_id=person_id
    ).first()
    return found or MailChoices(organization_id=organization_id, person_id=person_id)


def choose(
    *,
    organization_id: uuid.UUID,
    person_id: uuid.UUID,
    off: Iterable[str],
    digest: bool,
) -> None:
    """Keep which optional kinds somebody doesn't want, and how reminders come."""
    MailChoices.objects.update_or_create(
        organization_id=organization_id,
        person_id=person_id,
        defaults={
            "off": sorted(set(off) & set(optional)),
            "digest": digest,
        },
    )


def as_chosen(rows: Sequence[Mail]) -> list[Mail]:
    """Those of one organization that their readers want; reminders of readers with a
    digest are gathered for it."""
    asked = {row.recipient_id for row in rows if optional.get(row.kind)}
    if not asked:
        return list(rows)
    found = MailChoices.objects.filter(
        organization_id=rows[0].organization_id, person_id__in=asked
    )
    chosen = {each.person_id: each for each in found}
    wanted = []
    for row in rows:
        choice = chosen.get(row.recipient_id)
        if choice and row.kind in choice.off:
            continue
        if choice and choice.digest and is_reminder(row.kind):
            row.state = MailState.GATHERED
        wanted.append(row)
    return wanted


def set_lead_times(
    *,
    organization_id: uuid.UUID,
    person_id: uuid.UUID,
    days: Mapping[uuid.UUID, Sequence[int] | None],
) -> None:
    """Keep these, by subject; null takes back what was chosen for it."""
    LeadTimes.objects.filter(
        organization_id=organization_id,
        person_id=person_id,
        subject_id__in=[subject for subject, each in days.items() if each is None],
    ).delete()
    LeadTimes.objects.bulk_create(
        [
            LeadTimes(
                organization_id=organization_id,
                person_id=person_id,
                subject_id=subject,
                days=sorted(set(each), reverse=True),
            )
            for subject, each in days.items()
            if each is not None
        ],
        update_conflicts=True,
        unique_fields=["organization_id", "subject_id", "person_id"],
        update_fields=["days"],
    )


def lead_times(
    organization_id: uuid.UUID, subjects: Iterable[uuid.UUID]
) -> dict[tuple[uuid.UUID, uuid.UUID], list[int]]:
    """Days by subject and person, where somebody chose them."""
    rows = LeadTimes.objects.filter(
        organization_id=organization_id, subject_id__in=list(subjects)
    )
    return {(row.subject_id, row.person_id): row.days for row in rows}


def has_lead_times(subject: str, person: str) -> Exists:
    """A condition for rows with these columns: their person chose for them."""
    return Exists(
        LeadTimes.objects.filter(
            organization_id=OuterRef("organization_id"),
            subject_id=OuterRef(subject),
            person_id=OuterRef(person),
        )
    )


def unsubscribe_token(row: Mail) -> str:
    """What lets whoever has this mail turn its kind off, without signing in."""
    return signing.dumps(
        [str(row.organization_id), str(row.recipient_id), row.kind],
        salt=SALT,
        compress=False,
    )


def read_token(token: str) -> tuple[uuid.UUID, uuid.UUID, str]:
    """Organization, person and kind. Raises BadSignature."""
    organization_id, person_id, kind = signing.loads(token, salt=SALT)
    return uuid.UUID(organization_id), uuid.UUID(person_id), kind


def turn_off(organization_id: uuid.UUID, person_id: uuid.UUID, kind: str) -> None:
    """Send no more of this kind; of a digest: of all that it gathers."""
    mine = choices_of(organization_id, person_id)
    off = {*mine.off, *(reminders() if kind == DIGEST else [kind])}
    choose(
        organization_id=organization_id,
        person_id=person_id,
        off=off,
        digest=mine.digest,
    )


def renew_calendar(organization_id: uuid.UUID, person_id: uuid.UUID) -> str:
    """Give a person's calendar an address that nobody knows yet: its secret part."""
    key = secrets.token_urlsafe(32)
    MailChoices.objects.update_or_create(
        organization_id=organization_id,
        person_id=person_id,
        defaults={"calendar_key": key},
    )
    return key


def stop_calendars(organization_id: uuid.UUID, people: Iterable[uuid.UUID]) -> int:
    """Take the addresses of these people's calendars away; how many had one."""
    theirs = MailChoices.objects.filter(
        organization_id=organization_id, person_id__in=list(people)
    )
    return theirs.exclude(calendar_key="").update(calendar_key="")


def calendar_owner(organization_id: uuid.UUID, key: str) -> uuid.UUID | None:
    """Whose calendar is at this address."""
    # The database refuses a NUL, which an address can have.
    if not key.isascii() or not key.isprintable() or not key:
        return None
    return (
        MailChoices.objects.filter(organization_id=organization_id, calendar_key=key)
        .values_list("person_id", flat=True)
        .first()
    )
