"""Handing out licenses and taking them back.

The only writer of LicenseAssignment and of `Subscription.assigned`. Locks are taken
in one order: people, assignments, subscriptions, each by key; the subscriptions
last, because everybody who assigns the same product waits for them.
"""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.db.models.functions import Coalesce, Least
from django.db.models.lookups import LessThanOrEqual

from licensing import mails
from licensing.models import LicenseAssignment
from licensing.queries import contracts, holders_among, live_assignments
from licensing.services import refusals
from licensing.services.refusals import Refusal, reason_against
from selfservice.accounts.models import User
from selfservice.activity.services.record import Change, record_all
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.trial_count import follow_assigned

_LIMIT = Least(F("quantity"), Coalesce(F("scheduled_quantity"), F("quantity")))
# As many as can still be read in one entry of the log.
LOGGED_TOGETHER = 500
# A race that these refuse was lost: what was read before is no longer so.
_RACES = ("licenseassignment_one_live_per_person", "subscription_assigned_within")


class Overtaken(Exception):
    """Somebody took what was there when we looked."""


def assign_licenses(
    *, actor: User, purchaser: User, product_id: uuid.UUID, people: Sequence[uuid.UUID]
) -> list[LicenseAssignment]:
    """Give each of `people` one of the purchaser's licenses, or nobody any.

    Allotted to the purchaser's own active subscriptions of the product, latest
    expiry first. Locks the people, so that nobody is disabled meanwhile, and the
    subscriptions. Raises CannotAssign.
    """
    wanted = list(dict.fromkeys(people))
    if not wanted:
        raise refusals.nobody_chosen()
    if len(wanted) > settings.ASSIGN_AT_ONCE:
        raise refusals.too_many(len(wanted), settings.ASSIGN_AT_ONCE)
    # At first without locking subscriptions before it is their turn; whoever is
    # overtaken looks again under the lock, where nobody can come between.
    for careful in (False, True):
        try:
            with races_noticed(), transaction.atomic(durable=True):
                return give_to(
                    actor=actor,
                    purchaser=purchaser,
                    product_id=product_id,
                    people=wanted,
                    careful=careful,
                )
        except Overtaken:
            continue
    raise refusals.overtaken()


def give_to(
    *,
    actor: User,
    purchaser: User,
    product_id: uuid.UUID,
    people: Sequence[uuid.UUID],
    careful: bool,
) -> list[LicenseAssignment]:
    """Give each of `people`, named once, a license, in the caller's transaction.

    `careful` locks the subscriptions before looking at them. Raises CannotAssign, and
    Overtaken when somebody was faster: then the transaction must be rolled back.
    """
    persons = _admit(purchaser, product_id, people)
    found = _open_contracts(purchaser, product_id, locked=careful)
    return _give(actor, persons, _allot(found, len(persons)))


def assign_from(*, subscription: Subscription, people: Sequence[uuid.UUID]) -> None:
    """Give out licenses of one subscription, in the caller's transaction.

    The caller has locked it. For its purchaser's own license, right after paying.
    Raises CannotAssign, and the transaction goes on.
    """
    purchaser = subscription.purchaser
    try:
        with races_noticed(), transaction.atomic():
            persons = _admit(purchaser, subscription.product_id, list(people))
            _give(purchaser, persons, _allot([subscription], len(persons)))
    except Overtaken:
        raise refusals.overtaken() from None


def unassign_licenses(
    *,
    actor: User,
    purchaser: User,
    product_id: uuid.UUID,
    people: Sequence[uuid.UUID],
    withdrawal: uuid.UUID | None = None,
) -> int:
    """Take the licenses of these people back; they are free at once.

    Whoever has none any more is passed over. Returns how many were taken back;
    `withdrawal` is by what that can be undone.
    """
    with transaction.atomic(durable=True):
        rows = live_assignments(purchaser, product_id).filter(user_id__in=people)
        locked = list(rows.select_for_update(no_key=True).order_by("id"))
        return _end(locked, actor.pk, withdrawal)


def unassign_matching(
    *,
    actor: User,
    found: QuerySet[LicenseAssignment],
    expected: int,
    withdrawal: uuid.UUID,
) -> int | None:
    """Take back all live licenses of one purchaser that were `found`, in one go.

    Null, and nothing is done, when they aren't as many as was `expected`: whoever
    asked was shown other people.
    """
    with transaction.atomic(durable=True):
        locked = found.select_for_update(of=("self",), no_key=True).order_by("id")
        rows = list(locked[: expected + 1])
        if len(rows) != expected:
            return None
        return _end(rows, actor.pk, withdrawal)


def end_exactly(
    *,
    purchaser: User,
    product_id: uuid.UUID,
    people: Collection[uuid.UUID],
    withdrawal: uuid.UUID,
) -> bool:
    """Take back what all of `people` have, in the caller's transaction.

    False, and nothing is done, when one of them has none any more.
    """
    found = live_assignments(purchaser, product_id).filter(user_id__in=people)
    rows = list(found.select_for_update(no_key=True).order_by("id"))
    if len(rows) != len(people):
        return False
    _end(rows, purchaser.pk, withdrawal)
    return True


def take_from(
    *, subscription: Subscription, people: Sequence[uuid.UUID], actor: User
) -> int:
    """Take licenses of one subscription back, in the caller's transaction.

    For fewer licenses and whom they are taken from in one step. Returns how many.
    """
    rows = LicenseAssignment.objects.filter(
        organization_id=subscription.organization_id,
        subscription=subscription,
        user_id__in=people,
        ended_at=None,
        suspended_at=None,
    )
    return _end(list(rows.select_for_update(no_key=True).order_by("id")), actor.pk)


def end_licenses_of(organization_id: uuid.UUID, people: Sequence[uuid.UUID]) -> int:
    """End every license of people who can't hold one any more, suspended ones too.

    In the caller's transaction, which has locked the people. Returns how many.
    """
    rows = LicenseAssignment.objects.filter(
        organization_id=organization_id, user_id__in=people, ended_at=None
    )
    with transaction.atomic():
        return _end(list(rows.select_for_update(no_key=True).order_by("id")), None)


def end_some(
    organization_id: uuid.UUID, subscription_id: uuid.UUID, *, limit: int
) -> int:
    """End at most so many licenses of one subscription, suspended ones too.

    In the caller's transaction. Returns how many.
    """
    rows = LicenseAssignment.objects.filter(
        organization_id=organization_id, subscription_id=subscription_id, ended_at=None
    )
    return _end(list(rows.select_for_update(no_key=True).order_by("id")[:limit]), None)


def hand_over(
    organization_id: uuid.UUID, subscription_id: uuid.UUID, receiver_id: uuid.UUID
) -> None:
    """Make the licenses of a subscription those of its new purchaser.

    Whoever has one of theirs for the product already keeps that one, and the other
    comes free. In the caller's transaction. A second time changes nothing.
    """
    open_ones = LicenseAssignment.objects.filter(
        organization_id=organization_id, subscription_id=subscription_id, ended_at=None
    ).exclude(purchaser_id=receiver_id)
    rows = list(open_ones.select_for_update(no_key=True).order_by("id"))
    # They may give out one of theirs, to one of these, at this very moment.
    for _try in range(3):
        with suppress(Overtaken), races_noticed(), transaction.atomic():
            return _hand_over(rows, receiver_id)
    raise Overtaken


def _hand_over(rows: Sequence[LicenseAssignment], receiver_id: uuid.UUID) -> None:
    if not rows:
        return
    tenant, product_id = rows[0].organization_id, rows[0].product_id
    theirs = LicenseAssignment.objects.filter(
        organization_id=tenant, purchaser_id=receiver_id, product_id=product_id
    ).filter(ended_at=None, suspended_at=None)
    holders = set(theirs.values_list("user_id", flat=True))
    doubles = [r for r in rows if r.suspended_at is None and r.user_id in holders]
    _end(doubles, None)
    kept = {row.pk for row in rows} - {row.pk for row in doubles}
    moved = LicenseAssignment.objects.filter(organization_id=tenant, pk__in=kept)
    moved.update(purchaser_id=receiver_id)


@contextmanager
def races_noticed() -> Iterator[None]:
    """Turn what the database refuses, because another was faster, into Overtaken."""
    try:
        yield
    except IntegrityError as error:
        if any(name in str(error) for name in _RACES):
            raise Overtaken from error
        raise


def _admit(
    purchaser: User, product_id: uuid.UUID, wanted: Sequence[uuid.UUID]
) -> list[User]:
    """The people, locked; raises CannotAssign with everybody who can't get one."""
    organization_id = purchaser.organization_id
    rows = User.objects.filter(organization_id=organization_id, pk__in=wanted)
    people = {row.pk: row for row in rows.select_for_update(no_key=True).order_by("pk")}
    # Read after the lock: a license given a moment ago is seen.
    holders = holders_among(purchaser, product_id, wanted) or set()
    refused = []
    for person_id in wanted:
        person = people.get(person_id)
        reason = reason_against(person, holders)
        if reason is not None:
            refused.append(Refusal(person.display_name if person else "", reason))
    if refused:
        raise refusals.people_refused(refused, len(wanted))
    return [people[person_id] for person_id in wanted]


def _open_contracts(
    purchaser: User, product_id: uuid.UUID, *, locked: bool
) -> list[Subscription]:
    """The subscriptions that licenses can be given from, latest expiry first."""
    found = contracts(purchaser, product_id).filter(
        lifecycle.assignable_at(clock.now())
    )
    if locked:
        found = found.select_for_update(no_key=True).order_by("pk")
    return sorted(found, key=lambda s: (lifecycle.expires_at(s), s.pk), reverse=True)


def _allot(found: Sequence[Subscription], wanted: int) -> list[Subscription]:
    """From which subscription each of so many licenses comes."""
    if not found:
        raise refusals.none_active()
    free = sum(s.available for s in found)
    if free < wanted:
        idle = sum(s.quantity - s.assigned for s in found)
        raise refusals.too_few(wanted=wanted, free=free, held_back=idle - free)
    seats = (s for s in found for _seat in range(min(s.available, wanted)))
    return [next(seats) for _license in range(wanted)]


def _give(
    actor: User, persons: Sequence[User], shares: Sequence[Subscription]
) -> list[LicenseAssignment]:
    now = clock.now()
    rows = LicenseAssignment.objects.bulk_create(
        LicenseAssignment(
            organization_id=share.organization_id,
            subscription_id=share.pk,
            product_id=share.product_id,
            purchaser_id=share.purchaser_id,
            user=person,
            assigned_by=actor,
            assigned_at=now,
        )
        for person, share in zip(persons, shares, strict=True)
    )
    counts = Counter(row.subscription_id for row in rows)
    purchaser_id = shares[0].purchaser_id
    if not move_counters(actor.organization_id, counts, purchaser_id):
        raise Overtaken
    if any(share.is_trial for share in shares):
        follow_assigned(actor.organization_id, counts)
    log_licenses("licenses_assigned", actor.pk, rows)
    mails.tell_assigned(rows)
    return rows


def _end(
    rows: Sequence[LicenseAssignment],
    actor_id: uuid.UUID | None,
    withdrawal: uuid.UUID | None = None,
) -> int:
    """End locked assignments of one organization."""
    if not rows:
        return 0
    organization_id = rows[0].organization_id
    LicenseAssignment.objects.filter(
        organization_id=organization_id, pk__in=[row.pk for row in rows]
    ).update(ended_at=clock.now(), ended_by=actor_id, withdrawal=withdrawal)
    # Suspended ones were given back to the subscription when they were suspended.
    counts = Counter(row.subscription_id for row in rows if row.suspended_at is None)
    if counts:
        move_counters(organization_id, {pk: -count for pk, count in counts.items()})
        follow_assigned(organization_id, counts)
    log_licenses("licenses_unassigned", actor_id, rows)
    return len(rows)


def move_counters(
    organization_id: uuid.UUID,
    changes: Mapping[uuid.UUID, int],
    purchaser_id: uuid.UUID | None = None,
) -> bool:
    """Add to the counters, or take from them; false if not all: then roll back.

    Licenses are given out only by `purchaser_id`, who may have handed it over since.
    PostgreSQL looks at the condition again after it waited for another writer.
    """
    rows = Subscription.objects.filter(
        organization_id=organization_id, pk__in=list(changes)
    )
    first, *others = changes.values()
    change: Value | Case = Value(first)
    if others:
        # One statement takes its locks in any order; two of them could deadlock.
        ordered = rows.select_for_update(no_key=True).order_by("pk")
        list(ordered.values_list("pk", flat=True))
        change = Case(
            *(When(pk=pk, then=Value(count)) for pk, count in changes.items()),
            output_field=IntegerField(),
        )
    after = F("assigned") + change
    if first > 0:
        rows = rows.filter(
            lifecycle.assignable_at(clock.now()),
            LessThanOrEqual(after, _LIMIT),
            purchaser_id=purchaser_id,
        )
    return rows.update(assigned=after) == len(changes)


def log_licenses(
    verb: str, actor_id: uuid.UUID | None, rows: Sequence[LicenseAssignment]
) -> None:
    """Entries by subscription, which name everybody by key, so many in each."""
    people: dict[uuid.UUID, list[str]] = {}
    for row in rows:
        people.setdefault(row.subscription_id, []).append(str(row.user_id))
    record_all(
        Change(
            organization_id=rows[0].organization_id,
            actor_id=actor_id,
            subject_kind="subscription",
            subject_id=subscription_id,
            verb=verb,
            after={"count": len(part), "people": " ".join(part)},
        )
        for subscription_id, ids in people.items()
        for part in itertools.batched(ids, LOGGED_TOGETHER)
    )
