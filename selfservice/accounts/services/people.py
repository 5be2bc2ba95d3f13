"""Writing people, together with the words they are found by."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable, Iterator, Sequence

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from selfservice.accounts.models import PersonWord, User
from selfservice.accounts.services.words import SUFFIX_LENGTH, name_suffixes

# What the directory says of a person. The rest is theirs, or the portal's.
DIRECTORY_FIELDS = (
    "upn",
    "email",
    "object_id",
    "display_name",
    "first_name",
    "last_name",
    "department",
    "title",
    "usage_location",
    "is_guest",
    "is_active",
    "removed_at",
)
_INSERTED = (
    "id",
    "organization_id",
    "password",
    *DIRECTORY_FIELDS,
    "language",
    "role",
)
_UPDATED = ("id", "organization_id", *DIRECTORY_FIELDS)
_WORD = ("organization_id", "suffix", "user_id", "starts_name")

type WordRow = tuple[uuid.UUID, str, uuid.UUID, bool]


def unusable_password() -> str:
    """What stands in the place of a password until the person chooses one."""
    # Random, so that a link for choosing one fits nobody else.
    return UNUSABLE_PASSWORD_PREFIX + secrets.token_hex(20)


def save_people(people: Sequence[User]) -> None:
    """Write people of one organization with their search words, any number of them.

    New ones are inserted whole; of stored ones only what the directory says is
    written. Raises IntegrityError when an address is taken; see `step_aside`.
    """
    new = [person for person in people if person._state.adding]
    stored = [person for person in people if not person._state.adding]
    with transaction.atomic(), connection.cursor() as cursor:
        if stored:
            _update(cursor, stored)
        _copy(cursor, User._meta.db_table, _INSERTED, _rows(new, _INSERTED))
        words = (row for person in people for row in _words(person))
        _copy(cursor, PersonWord._meta.db_table, _WORD, words)
    for person in new:
        person._state.adding = False
        person._state.db = connection.alias


def step_aside(
    organization_id: uuid.UUID, user_ids: Sequence[uuid.UUID], *, keep_id: bool = False
) -> None:
    """Take these people's addresses away, so that others can get them.

    People who swap addresses, or pass one on, step aside before `save_people` gives
    them their new ones; the unique indexes look at every single row. `keep_id`: of
    somebody removed, who is still known by the directory's id.
    """
    nowhere = Concat(Cast("id", CharField()), Value("@removed.invalid"))
    people = User.objects.filter(organization_id=organization_id, pk__in=user_ids)
    if keep_id:
        people.update(upn=nowhere, email=nowhere)
    else:
        people.update(upn=nowhere, email=nowhere, object_id="")


def _words(person: User) -> Iterator[WordRow]:
    suffixes = name_suffixes(person.display_name)
    for place, suffix in enumerate(dict.fromkeys(suffixes)):
        yield person.organization_id, suffix, person.pk, place == 0
    address = person.email.lower()[:SUFFIX_LENGTH]
    if address not in suffixes:
        yield person.organization_id, address, person.pk, False


def _rows(
    people: Iterable[User], fields: Sequence[str]
) -> Iterator[tuple[object, ...]]:
    return (tuple(getattr(person, name) for name in fields) for person in people)


def _copy(
    cursor: CursorWrapper,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
) -> None:
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _update(cursor: CursorWrapper, people: Sequence[User]) -> None:
    users = User._meta.db_table
    cursor.execute(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS people_incoming ON COMMIT DROP"  # noqa: S608  names of ours
        f" AS SELECT {', '.join(_UPDATED)} FROM {users} WITH NO DATA"
    )
    cursor.execute("TRUNCATE people_incoming")
    _copy(cursor, "people_incoming", _UPDATED, _rows(people, _UPDATED))
    theirs = "p.organization_id = i.organization_id AND p.id = i.id"
    columns = ", ".join(f"{name} = i.{name}" for name in DIRECTORY_FIELDS)
    cursor.execute(
        f"UPDATE {users} p SET {columns} FROM people_incoming i WHERE {theirs}"  # noqa: S608  names of ours
    )
    cursor.execute(
        "DELETE FROM accounts_personword w USING people_incoming i"
        " WHERE w.organization_id = i.organization_id AND w.user_id = i.id"
    )
