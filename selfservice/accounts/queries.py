"""Reads of the directory."""

from __future__ import annotations

import uuid
from functools import lru_cache
from typing import Any, NamedTuple

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connection
from django.db.models.functions import Lower

from selfservice.accounts.models import Organization, Role, User
from selfservice.accounts.services.words import normalized, typed_address
from selfservice.core.errors import DomainError
from selfservice.core.prepared import Prepared

SHORTEST_SEARCH = 2
# So many words are looked at, at most: the cost is the same in any organization.
SCANNED = 1000
# Of those whose name doesn't start so, fewer: every one of them is read to be sorted.
SCANNED_OTHERS = 200
# Sorts after whatever follows a prefix, in the C collation.
_LAST = "\U0010ffff"

_READ = "p.id, p.display_name, p.email, p.department"
_SHOWN = """p.id = w.user_id AND p.organization_id = %(organization)s
    AND p.is_active AND NOT p.is_guest AND p.removed_at IS NULL"""
# The words stand in a SELECT, to be unknown when it is planned: "xy", which finds few,
# looks worth a plan of its own, and PostgreSQL would go on to plan for every letter.
_WORDS = """SELECT user_id, suffix FROM accounts_personword
    WHERE organization_id = %(organization)s
        AND suffix >= (SELECT %(start)s::text) AND suffix < (SELECT %(end)s::text)"""

# Whose name starts so; the other half runs only when these are too few.
_BY_PREFIX = f"""
WITH first AS MATERIALIZED (
    SELECT {_READ}, 0 AS rank, w.suffix AS sort
    FROM ({_WORDS} AND starts_name ORDER BY suffix LIMIT {SCANNED}) w
    JOIN accounts_user p ON {_SHOWN}
    ORDER BY w.suffix, p.id LIMIT %(limit)s
), other AS (
    SELECT {_READ}, 1 AS rank, lower(p.display_name) AS sort
    FROM (
        SELECT DISTINCT user_id
        FROM ({_WORDS} ORDER BY suffix LIMIT {SCANNED_OTHERS}) s
    ) w JOIN accounts_user p ON {_SHOWN}
    WHERE (SELECT count(*) FROM first) < %(limit)s
        AND p.id NOT IN (SELECT id FROM first)
    ORDER BY sort, p.id LIMIT %(limit)s
)
SELECT id, display_name, email, department, rank
FROM (SELECT * FROM first UNION ALL SELECT * FROM other) found
ORDER BY rank, sort, id LIMIT %(limit)s
"""  # noqa: S608  constants of this module

# The last word before the others, as names are written; only when these are too few,
# the longest word is looked up and the others are looked for among its people, until
# there are enough.
_IN_ANY_ORDER = f"""
WITH turned AS MATERIALIZED (
    SELECT {_READ}, 0 AS rank
    FROM (
        SELECT user_id, suffix FROM accounts_personword
        WHERE organization_id = %(organization)s
            AND suffix >= (SELECT %(turned)s::text)
            AND suffix < (SELECT %(turned_end)s::text)
        ORDER BY suffix LIMIT {SCANNED}
    ) w JOIN accounts_user p ON {_SHOWN}
    LIMIT %(limit)s
), other AS (
    SELECT {_READ}, 0 AS rank
    FROM ({_WORDS} ORDER BY suffix LIMIT {SCANNED}) w
    JOIN accounts_user p ON {_SHOWN}
    WHERE (SELECT count(*) FROM turned) < %(limit)s
        AND NOT EXISTS (
            SELECT FROM unnest((SELECT %(others)s::text[])) o (word)
            WHERE NOT EXISTS (
                SELECT FROM accounts_personword x
                WHERE x.organization_id = %(organization)s AND x.user_id = p.id
                    AND starts_with(x.suffix, o.word)
            )
        )
    LIMIT %(limit)s
)
SELECT * FROM turned UNION ALL SELECT * FROM other
"""  # noqa: S608  constants of this module


class Found(NamedTuple):
    """Somebody that a search found, as far as a list of ten shows them.

    `rank` is 0 when the name itself starts so, and 1 when a later word does.
    """

    pk: uuid.UUID
    display_name: str
    email: str
    department: str
    rank: int


def search_people(
    *, organization_id: uuid.UUID, text: str, limit: int = 10
) -> list[Found]:
    """People who can get a license, by the beginning of any word of their name.

    Whoever's name starts with `text` comes first, then the others, each by name.
    The email counts as a word; several words may stand in any order. Empty for
    less than two letters. Guests, disabled and removed people are left out. Asked
    at every letter, hence without models.
    """
    typed = normalized(text)
    if len(typed.replace(" ", "")) < SHORTEST_SEARCH:
        return []
    found = _by_prefix(organization_id, typed, limit)
    address = typed_address(text)
    if len(found) < limit and address and address != typed:
        found += _by_prefix(organization_id, address, limit)
    elif len(found) < limit and " " in typed:
        found += _in_any_order(organization_id, typed.split(), limit)
    unique = {person.pk: person for person in found}
    return list(unique.values())[:limit]


def _by_prefix(organization_id: uuid.UUID, prefix: str, limit: int) -> list[Found]:
    return _read(
        _limited(_BY_PREFIX, limit),
        organization=organization_id,
        start=prefix,
        end=prefix + _LAST,
    )


def _in_any_order(
    organization_id: uuid.UUID, words: list[str], limit: int
) -> list[Found]:
    driver = max(words, key=len)
    turned = " ".join([words[-1], *words[:-1]])
    return _read(
        _limited(_IN_ANY_ORDER, limit),
        organization=organization_id,
        turned=turned,
        turned_end=turned + _LAST,
        start=driver,
        end=driver + _LAST,
        others=[word for word in dict.fromkeys(words) if word != driver],
    )


@lru_cache(maxsize=8)
def _limited(sql: str, limit: int) -> Prepared:
    """The number is part of the text: unknown, it is taken for a tenth of all."""
    return Prepared(sql.replace("%(limit)s", str(limit)))


def _read(statement: Prepared, **asked: Any) -> list[Found]:
    people = [Found(*row) for row in statement.rows(connection.alias, asked)]
    # The database sorts accents after z; among the few shown that would stand out.
    return sorted(people, key=lambda row: (row.rank, normalized(row.display_name)))


def admins_of(organization_id: uuid.UUID) -> list[User]:
    """Who looks after what is bought in the organization, and can sign in."""
    people = User.objects.filter(
        organization_id=organization_id,
        role__in=[Role.BILLING_ADMIN, Role.GLOBAL_ADMIN],
        is_active=True,
        removed_at=None,
    )
    return list(people.select_related("organization").order_by("pk"))


class UnknownPerson(DomainError):
    """Nobody has this sign-in name, or people of several organizations have."""


def person_named(*, upn: str, organization_name: str = "") -> User:
    """Who signs in as `upn`, in any case, with the organization.

    Raises UnknownPerson.
    """
    people = User.objects.select_related("organization").annotate(name=Lower("upn"))
    if organization_name:
        people = people.filter(organization__name__iexact=organization_name)
    found = list(people.filter(name=upn.strip().lower())[:2])
    if not found:
        raise UnknownPerson(f"Nobody has the user principal name {upn}.")
    if len(found) > 1:
        raise UnknownPerson(
            f"People of several organizations are called {upn}: say --organization."
        )
    return found[0]


def people_to_invite(
    *, organization_name: str, with_password: bool = False
) -> list[User]:
    """Who can sign in but has no password yet; `with_password` adds who has one.

    Raises UnknownPerson when there is no such organization.
    """
    organization = Organization.objects.filter(name__iexact=organization_name).first()
    if organization is None:
        raise UnknownPerson(f"There is no organization named {organization_name}.")
    people = User.objects.select_related("organization").filter(
        organization=organization, is_active=True, removed_at=None
    )
    if not with_password:
        people = people.filter(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return list(people.order_by("display_name"))
