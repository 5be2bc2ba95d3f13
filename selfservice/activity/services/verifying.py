"""Proving that the log is what was written: every entry, in order, none too many."""

from __future__ import annotations

import dataclasses
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import connection, transaction

from selfservice.activity import chain
from selfservice.activity.models import Activity, ActivityDetail, Seal, Unsealed

# Neither sealed nor waiting to be: nobody but `record` writes both.
STRAY = """
SELECT entry.id FROM activity_activity entry
LEFT JOIN (SELECT unnest(entries) AS id FROM activity_seal
           WHERE organization_id = %(organization)s) sealed USING (id)
LEFT JOIN activity_unsealed waiting
       ON waiting.organization_id = entry.organization_id
      AND waiting.activity_id = entry.id
WHERE entry.organization_id = %(organization)s
  AND sealed.id IS NULL AND waiting.activity_id IS NULL
ORDER BY entry.id
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """How far a chain had come when an anchor was made."""

    organization_id: uuid.UUID
    number: int
    hash: str


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """Something that isn't as it was written."""

    organization_id: uuid.UUID
    words: str

    def __str__(self) -> str:
        return f"{self.organization_id}: {self.words}"


@dataclasses.dataclass(slots=True)
class Verification:
    """One run: what was looked at, and where each chain ends."""

    seen: Counter[str] = dataclasses.field(default_factory=Counter)
    heads: list[Head] = dataclasses.field(default_factory=list)


def verify(run: Verification, anchor: Iterable[Head] = ()) -> Iterator[Fault]:
    """Look at every entry and seal; each fault as it is found.

    `anchor` is what an earlier run ended with, kept elsewhere: only by it a cut tail,
    or a chain made anew from its beginning, is noticed. Reads one snapshot.
    """
    expected = {head.organization_id: head for head in anchor}
    nested = connection.in_atomic_block
    with transaction.atomic():
        if not nested:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for organization_id in sorted(_organizations() | expected.keys()):
            yield from _verify_one(run, organization_id, expected.get(organization_id))


def _organizations() -> set[uuid.UUID]:
    found: set[uuid.UUID] = set()
    for model in (Activity, Seal, Unsealed):
        found |= set(
            model._default_manager.values_list("organization_id", flat=True).distinct()
        )
    return found


def _verify_one(
    run: Verification, organization_id: uuid.UUID, anchor: Head | None
) -> Iterator[Fault]:
    last = Head(organization_id, 0, "")
    anchored = anchor is None
    seals = Seal.objects.filter(organization_id=organization_id).order_by("number")
    for seal in seals.iterator(chunk_size=20):
        for words in _faults_of(run, seal, last):
            yield Fault(organization_id, words)
        last = Head(organization_id, seal.number, seal.hash)
        anchored = anchored or last == anchor
    if anchor and not anchored:
        yield Fault(organization_id, _off_anchor(anchor, last))
    for words in _outside_seals(run, organization_id):
        yield Fault(organization_id, words)
    if last.number:
        run.heads.append(last)


def _off_anchor(anchor: Head, last: Head) -> str:
    if last.number < anchor.number:
        return (
            f"cut tail: the anchor knows seal {anchor.number},"
            f" the chain ends with seal {last.number}"
        )
    return f"seal {anchor.number} is not the one that the anchor knows"


def _faults_of(run: Verification, seal: Seal, last: Head) -> Iterator[str]:
    run.seen["seals"] += 1
    if seal.number != last.number + 1:
        yield f"seal {last.number + 1} is missing, {seal.number} comes next"
    elif seal.previous != last.hash:
        yield f"seal {seal.number} doesn't follow seal {last.number}"
    if not chain.holds(seal):
        yield f"seal {seal.number} was changed"
    by_organization: dict[str, Any] = {"organization_id": seal.organization_id}
    rows = Activity.objects.filter(**by_organization).in_bulk(seal.entries)
    details = ActivityDetail.objects.filter(
        **by_organization, activity_id__in=seal.entries
    )
    apart = {detail.activity_id: detail for detail in details}
    for entry_id, digest in zip(seal.entries, chain.digests_in(seal), strict=False):
        run.seen["entries"] += 1
        fault = _fault_of(entry_id, digest, rows)
        if fault:
            yield fault
        else:
            yield from _faults_apart(run, rows[entry_id], apart.get(entry_id))


def _fault_of(
    entry_id: uuid.UUID, digest: bytes, rows: Mapping[uuid.UUID, Activity]
) -> str:
    if entry_id not in rows:
        return f"entry {entry_id} was deleted"
    if digest == chain.GONE:
        return f"entry {entry_id} was gone when it was sealed, and came back"
    if chain.digest_of(rows[entry_id]) != digest:
        return f"entry {entry_id} was changed"
    return ""


def _faults_apart(
    run: Verification, entry: Activity, detail: ActivityDetail | None
) -> Iterator[str]:
    """What stands apart is as written, or was erased whole."""
    halves = {"origin": entry.origin_digest, "person": entry.person_digest}
    if detail is None:
        run.seen["erased"] += bool(any(halves.values()))
        return
    now = {
        "origin": (detail.origin_salt, (detail.origin,)),
        "person": (detail.person_salt, (detail.name, detail.email)),
    }
    for half, digest in halves.items():
        salt, words = now[half]
        if not salt and not any(words):
            run.seen["erased"] += bool(digest)
        elif chain.salted(salt, *words) != digest:
            yield f"the {half} of entry {entry.pk} was changed"


def _outside_seals(run: Verification, organization_id: uuid.UUID) -> Iterator[str]:
    waiting = Unsealed.objects.filter(organization_id=organization_id)
    ids = list(waiting.values_list("activity_id", flat=True))
    run.seen["unsealed"] += len(ids)
    known = Activity.objects.filter(organization_id=organization_id, pk__in=ids)
    for entry_id in sorted(set(ids) - set(known.values_list("pk", flat=True))):
        yield f"entry {entry_id} was deleted before it was sealed"
    with connection.cursor() as cursor:
        cursor.execute(STRAY, {"organization": organization_id})
        strays = [row[0] for row in cursor.fetchall()]
    for entry_id in strays:
        yield f"entry {entry_id} was inserted"
