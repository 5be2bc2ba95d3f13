"""Writing the log."""

from __future__ import annotations

import dataclasses
import json
import secrets
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from selfservice.activity import chain
from selfservice.activity.origin import Origin, current
from selfservice.core import clock
from selfservice.core.ids import uuid7

type Fact = str | int | bool | None
type Facts = Mapping[str, Fact]

# One statement, whatever the number of entries: each goes into the log and into the
# queue of what the worker seals; who and where stand apart from it.
WRITE = """
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS entry (
        id uuid, organization_id uuid, actor_id uuid, subject_kind text,
        subject_id uuid, verb text, before jsonb, after jsonb,
        happened_at timestamptz, origin text, origin_salt text, origin_digest text,
        name text, email text, person_salt text, person_digest text)
), waiting AS (
    INSERT INTO activity_unsealed (organization_id, activity_id)
    SELECT organization_id, id FROM given
), apart AS (
    INSERT INTO activity_activitydetail (organization_id, activity_id, actor_id,
        happened_at, origin, origin_salt, name, email, person_salt)
    SELECT organization_id, id, actor_id, happened_at, origin, origin_salt,
        name, email, person_salt
    FROM given WHERE origin_digest <> '' OR person_digest <> ''
)
INSERT INTO activity_activity (id, organization_id, actor_id, subject_kind,
    subject_id, verb, before, after, happened_at, origin_digest, person_digest)
SELECT id, organization_id, actor_id, subject_kind, subject_id, verb, before, after,
    happened_at, origin_digest, person_digest
FROM given
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One entry to be. `before` and `after` hold ids, numbers, dates: no names."""

    organization_id: uuid.UUID
    actor_id: uuid.UUID | None
    subject_kind: str
    subject_id: uuid.UUID
    verb: str
    before: Facts = dataclasses.field(default_factory=dict)
    after: Facts = dataclasses.field(default_factory=dict)


def record(change: Change) -> None:
    """Write one entry, in the caller's transaction."""
    record_all([change])


def record_all(changes: Iterable[Change]) -> None:
    """Write many entries in one statement, in the caller's transaction."""
    happened_at, origin = clock.now().isoformat(), current()
    rows = [
        {
            **dataclasses.asdict(change),
            "id": uuid7(),
            "happened_at": happened_at,
            **_apart(change, origin),
        }
        for change in changes
    ]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [json.dumps(rows, default=str)])


def _apart(change: Change, origin: Origin | None) -> dict[str, Any]:
    """What can be erased later, with the digests that stay."""
    address = origin.address() if origin else ""
    themselves = origin is not None and origin.person_id == change.actor_id
    name = origin.name if origin and themselves else ""
    email = origin.email if origin and themselves else ""
    origin_salt = secrets.token_hex(16) if address else ""
    person_salt = secrets.token_hex(16) if themselves else ""
    return {
        "origin": address,
        "origin_salt": origin_salt,
        "origin_digest": chain.salted(origin_salt, address) if address else "",
        "name": name,
        "email": email,
        "person_salt": person_salt,
        "person_digest": chain.salted(person_salt, name, email) if themselves else "",
    }
