"""Writing people, together with the words they are found by."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable, Iterator, Sequence

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

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
    written, changes of names and addresses in any order of each other.
    Raises IntegrityError when an address is taken.
    """
    new = [person for person in people if person._state.adding]
    stored = [person for person in people if not person._state.adding]
    with transaction.atomic(), connection.cursor() as cursor:
        # Stored ones first: a new person may get the address that one gave up.
        if stored:
            _update(cursor, stored)
        _copy(cursor, User._meta.db_table, _INSERTED, _rows(new, _INSERTED))
        words = (row for person in people for row in _words(person))
        _copy(cursor, PersonWord._meta.db_table, _WORD, words)
    for person in new:
        person._state.adding = False
        person._state.db = connection.alias


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
    users, words = User._meta.db_table, PersonWord._meta.db_table
    cursor.execute(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS people_incoming ON COMMIT DROP"  # noqa: S608  our own names
        f" AS SELECT {', '.join(_UPDATED)} FROM {users} WITH NO DATA"
    )
    cursor.execute("TRUNCATE people_incoming")
    _copy(cursor, "people_incoming", _UPDATED, _rows(people, _UPDATED))
    theirs = "p.organization_id = i.organization_id AND p.id = i.id"
    # Two people may swap addresses, or one get what another gave up: the unique
    # indexes look at every row, so changing ones step aside first.
    cursor.execute(
        f"UPDATE {users} p SET upn = p.id::text, email = p.id::text, object_id = ''"  # noqa: S608
        f" FROM people_incoming i WHERE {theirs} AND (lower(p.upn) <> lower(i.upn)"
        " OR lower(p.email) <> lower(i.email) OR p.object_id <> i.object_id)"
    )
    columns = ", ".join(f"{name} = i.{name}" for name in DIRECTORY_FIELDS)
    cursor.execute(
        f"UPDATE {users} p SET {columns} FROM people_incoming i WHERE {theirs}"  # noqa: S608
    )
    cursor.execute(
        f"DELETE FROM {words} w USING people_incoming i"  # noqa: S608
        " WHERE w.organization_id = i.organization_id AND w.user_id = i.id"
    )
