"""What a list of people would do: who gets or loses a license, and who doesn't."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import itertools
import uuid
from collections.abc import Iterable

from django.db.models import QuerySet
from django.db.models.functions import Lower

from licensing.models import Bulk, BulkList, LicenseAssignment
from licensing.queries import contracts, live_assignments
from licensing.services.refusals import Reason, reason_against
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription

# Addresses that are looked up in one statement.
TOGETHER = 5000


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """`ready` get or lose a license; the others don't, each for one reason."""

    ready: list[User]
    others: dict[Reason, list[User]]

    @property
    def seal(self) -> str:
        """The same for the same people, in any order."""
        keys = sorted(str(user.pk) for user in self.ready)
        return hashlib.sha256(" ".join(keys).encode()).hexdigest()


def lists_of(purchaser: User, product_id: uuid.UUID) -> QuerySet[BulkList]:
    return BulkList.objects.filter(
        organization_id=purchaser.organization_id,
        purchaser=purchaser,
        product_id=product_id,
    )


def look_at(bulk: BulkList) -> Look:
    """Who of the list would get or lose a license now, in the list's order."""
    users = User.objects.filter(
        organization_id=bulk.organization_id, pk__in=bulk.people
    ).only(
        "organization_id",
        "display_name",
        "email",
        "usage_location",
        "is_guest",
        "is_active",
        "removed_at",
    )
    known = users.in_bulk()
    holders = set(
        live_assignments(bulk.purchaser, bulk.product_id)
        .filter(user_id__in=bulk.people)
        .values_list("user_id", flat=True)
    )
    look = Look([], {})
    for key in bulk.people:
        reason = _reason(bulk, known.get(key), holders)
        if key in known:
            there = look.ready if reason is None else look.others.setdefault(reason, [])
            there.append(known[key])
    return look


def _reason(
    bulk: BulkList, user: User | None, holders: set[uuid.UUID]
) -> Reason | None:
    if bulk.does == Bulk.ASSIGN:
        return reason_against(user, holders)
    return None if user and user.pk in holders else Reason.HAS_NONE


def people_at(
    organization_id: uuid.UUID, addresses: Iterable[str]
) -> dict[str, uuid.UUID]:
    """The organization's people by email address or user principal name.

    Addresses in lower case; what is nobody's is left out.
    """
    found: dict[str, uuid.UUID] = {}
    people = User.objects.filter(organization_id=organization_id)
    for part in itertools.batched(addresses, TOGETHER):
        for column in ("upn", "email"):
            rows = people.annotate(address=Lower(column)).filter(address__in=part)
            found.update(rows.values_list("address", "pk"))
    return found


def people_of(organization_id: uuid.UUID, department: str) -> list[uuid.UUID]:
    """Everybody in a department who is still in the directory, by name."""
    people = User.objects.filter(
        organization_id=organization_id, department=department, removed_at=None
    )
    return list(people.order_by("display_name", "pk").values_list("pk", flat=True))


def to_grow(purchaser: User, product_id: uuid.UUID) -> Subscription | None:
    """The paid subscription that missing licenses are bought in: the last to end."""
    found = contracts(purchaser, product_id).filter(
        lifecycle.assignable_at(clock.now())
    )
    bought = [subscription for subscription in found if not subscription.is_trial]
    return max(bought, key=lambda s: (lifecycle.expires_at(s), s.pk), default=None)


def can_be_undone(bulk: BulkList, since: dt.datetime) -> bool:
    """Whether what the list took back, after that moment, is still taken back."""
    if not (bulk.withdrawal and bulk.done_at and bulk.done_at > since):
        return False
    return LicenseAssignment.objects.filter(
        organization_id=bulk.organization_id, withdrawal=bulk.withdrawal
    ).exists()
