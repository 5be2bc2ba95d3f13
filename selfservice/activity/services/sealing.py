"""Sealing the log: the worker links what was written into each organization's chain."""

from __future__ import annotations

import uuid

from django.db import transaction

from selfservice.activity import chain
from selfservice.activity.models import Activity, Seal, Unsealed

AT_ONCE = 500


def seal_all() -> int:
    """Seal whatever waits, of every organization; how many entries."""
    waiting = Unsealed.objects.values_list("organization_id", flat=True).distinct()
    sealed = 0
    for organization_id in list(waiting):
        while batch := seal_some(organization_id):
            sealed += batch
    return sealed


def seal_some(organization_id: uuid.UUID, at_once: int = AT_ONCE) -> int:
    """Put one more seal under an organization's log; how many entries it holds.

    Two at the same time would make the same number: `seal_number_unique` lets only
    one of them through (IntegrityError), and nothing is lost.
    """
    with transaction.atomic(durable=True):
        # Only what is committed can be seen here; what commits later waits further.
        waiting = Unsealed.objects.filter(organization_id=organization_id)
        entries = list(
            waiting.order_by("activity_id").values_list("activity_id", flat=True)[
                :at_once
            ]
        )
        if not entries:
            return 0
        seals = Seal.objects.filter(organization_id=organization_id)
        last = seals.order_by("-number").first()
        _add(organization_id, last, entries)
        waiting.filter(activity_id__in=entries).delete()
    return len(entries)


def _add(
    organization_id: uuid.UUID, last: Seal | None, entries: list[uuid.UUID]
) -> None:
    rows = Activity.objects.filter(organization_id=organization_id, pk__in=entries)
    found = {row.pk: chain.digest_of(row) for row in rows}
    # One that is gone already leaves a mark, not a gap that nobody would notice.
    digests = b"".join(found.get(entry, chain.GONE) for entry in entries)
    number, previous = (last.number + 1, last.hash) if last else (1, "")
    Seal.objects.create(
        organization_id=organization_id,
        number=number,
        entries=entries,
        digests=digests,
        previous=previous,
        hash=chain.hash_of(organization_id, number, previous, entries, digests),
    )
