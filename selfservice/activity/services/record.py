"""Writing the log."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Mapping

from selfservice.activity.models import Activity
from selfservice.core import clock

type Fact = str | int | bool | None
type Facts = Mapping[str, Fact]


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
    happened_at = clock.now()
    Activity.objects.bulk_create(
        Activity(
            organization_id=change.organization_id,
            actor_id=change.actor_id,
            subject_kind=change.subject_kind,
            subject_id=change.subject_id,
            verb=change.verb,
            before=dict(change.before),
            after=dict(change.after),
            happened_at=happened_at,
        )
        for change in changes
    )
