"""Reads of the log, always by organization."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Collection

from django.db.models import QuerySet

from selfservice.activity.models import Activity, ActivityDetail
from selfservice.core import clock
from selfservice.core.ids import first_uuid7

PAGE_SIZE = 50
# So many of the latest entries are looked at for who there is to choose from.
SCANNED = 1_000


@dataclasses.dataclass(frozen=True, slots=True)
class Search:
    """What is asked for; null and empty mean all. `until` isn't included.

    `actor_id` narrows to one person; `portal` to what nobody did.
    """

    subject_ids: Collection[uuid.UUID] | None = None
    actor_id: uuid.UUID | None = None
    portal: bool = False
    verbs: Collection[str] = ()
    since: dt.datetime | None = None
    until: dt.datetime | None = None


def find_entries(
    organization_id: uuid.UUID, search: Search, using: str | None = None
) -> QuerySet[Activity]:
    """What `search` asks for; not ordered yet. For a subquery leave out `using`."""
    found = Activity.objects.using(using).filter(organization_id=organization_id)
    if search.subject_ids is not None:
        found = found.filter(subject_id__in=search.subject_ids)
    if search.portal:
        found = found.filter(actor_id=None)
    elif search.actor_id:
        found = found.filter(actor_id=search.actor_id)
    if search.verbs:
        found = found.filter(verb__in=search.verbs)
    # Keys are made in real time, which the portal's only runs ahead of.
    if search.since:
        earliest = first_uuid7(search.since - clock.offset() - dt.timedelta(minutes=5))
        found = found.filter(happened_at__gte=search.since, pk__gte=earliest)
    if search.until:
        latest = first_uuid7(search.until + dt.timedelta(minutes=5))
        found = found.filter(happened_at__lt=search.until, pk__lt=latest)
    return found


def latest(
    found: QuerySet[Activity], after: uuid.UUID | None = None, size: int = PAGE_SIZE
) -> tuple[list[Activity], uuid.UUID | None]:
    """A page, the latest first, and where the next one begins."""
    if after:
        found = found.filter(pk__lt=after)
    rows = list(found.order_by("-id")[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    return rows, rows[-1].pk if more else None


def actors_in(found: QuerySet[Activity]) -> QuerySet[Activity, uuid.UUID | None]:
    """Who did something lately, for a subquery."""
    return found.order_by("-id").values_list("actor_id", flat=True)[:SCANNED]


def details_of(
    organization_id: uuid.UUID, entries: Collection[Activity], using: str = "default"
) -> dict[uuid.UUID, ActivityDetail]:
    """What stands apart of these entries and isn't erased yet."""
    ids = [e.pk for e in entries if e.origin_digest or e.person_digest]
    if not ids:
        return {}
    found = ActivityDetail.objects.using(using).filter(
        organization_id=organization_id, activity_id__in=ids
    )
    # The role of the oversight pages may read no more of it.
    return {detail.activity_id: detail for detail in found.only("origin", "name")}
