"""Reads of the directory."""

from __future__ import annotations

import uuid

from selfservice.accounts.models import User
from selfservice.accounts.services.words import normalized, typed_address

SHORTEST_SEARCH = 2
# So many words are looked at, at most: the cost is the same in any organization.
SCANNED = 1000
# Sorts after whatever follows a prefix, in the C collation.
_LAST = "\U0010ffff"

_SHOWN = """p.id = w.user_id AND p.organization_id = %(organization)s
    AND p.is_active AND NOT p.is_guest AND p.removed_at IS NULL"""
_WORDS = """SELECT user_id, suffix FROM accounts_personword
    WHERE organization_id = %(organization)s
        AND suffix >= %(start)s AND suffix < %(end)s"""

# Whose name starts so; the other half runs only when these are too few.
_BY_PREFIX = f"""
WITH first AS MATERIALIZED (
    SELECT p.*, 0 AS rank, w.suffix AS sort
    FROM ({_WORDS} AND starts_name ORDER BY suffix LIMIT {SCANNED}) w
    JOIN accounts_user p ON {_SHOWN}
    ORDER BY w.suffix, p.id LIMIT %(limit)s
), other AS (
    SELECT p.*, 1 AS rank, lower(p.display_name) AS sort
    FROM (
        SELECT DISTINCT user_id FROM ({_WORDS} ORDER BY suffix LIMIT {SCANNED}) s
    ) w JOIN accounts_user p ON {_SHOWN}
    WHERE (SELECT count(*) FROM first) < %(limit)s
        AND p.id NOT IN (SELECT id FROM first)
    ORDER BY sort, p.id LIMIT %(limit)s
)
SELECT * FROM first UNION ALL SELECT * FROM other
ORDER BY rank, sort, id LIMIT %(limit)s
"""  # noqa: S608  constants of this module

# The longest word is looked up, the others are looked for among its people.
_IN_ANY_ORDER = f"""
SELECT p.*
FROM (SELECT DISTINCT user_id FROM ({_WORDS} ORDER BY suffix LIMIT {SCANNED}) s) w
JOIN accounts_user p ON {_SHOWN}
WHERE %(others)s::text[] = ARRAY(
    SELECT o.word FROM unnest(%(others)s::text[]) WITH ORDINALITY o (word, place)
    WHERE EXISTS (
        SELECT FROM accounts_personword x
        WHERE x.organization_id = %(organization)s AND x.user_id = p.id
            AND starts_with(x.suffix, o.word)
    )
    ORDER BY o.place
)
ORDER BY lower(p.display_name), p.id LIMIT %(limit)s
"""  # noqa: S608  constants of this module


def search_people(
    *, organization_id: uuid.UUID, text: str, limit: int = 10
) -> list[User]:
    """People who can get a license, by the beginning of any word of their name.

    Whoever's name starts with `text` comes first, then the others, each by name.
    The e-mail counts as a word; several words may stand in any order. Empty for
    less than two letters. Guests, disabled and removed people are left out.
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


def _by_prefix(organization_id: uuid.UUID, prefix: str, limit: int) -> list[User]:
    people = User.objects.raw(
        _BY_PREFIX,
        {
            "organization": organization_id,
            "start": prefix,
            "end": prefix + _LAST,
            "limit": limit,
        },
    )
    # The database sorts accents after z; among the few shown that would stand out.
    return sorted(people, key=_rank_and_name)


def _rank_and_name(person: User) -> tuple[int, str]:
    # `rank` is a column of the statement, not of the model.
    return vars(person)["rank"], normalized(person.display_name)


def _in_any_order(
    organization_id: uuid.UUID, words: list[str], limit: int
) -> list[User]:
    driver = max(words, key=len)
    others = [word for word in dict.fromkeys(words) if word != driver]
    return list(
        User.objects.raw(
            _IN_ANY_ORDER,
            {
                "organization": organization_id,
                "start": driver,
                "end": driver + _LAST,
                "others": others,
                "limit": limit,
            },
        )
    )
