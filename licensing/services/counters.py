"""The counter of a subscription's licenses against the people who hold them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from licensing.models import LicenseAssignment
from selfservice.core.drift import Comparison, Difference, Finding, Subject, judge
from selfservice.subscriptions.models import Subscription

_LIVE = Q(assignments__ended_at=None, assignments__suspended_at=None)
_NOTE = "More people hold licenses than there are: take some back."


def compare_counters(
    run: Comparison, *, organization_id: uuid.UUID | None = None
) -> Iterator[Finding]:
    """Counters that don't say how many people are licensed; there should be none.

    Stripe has no part in it: "theirs" are the assignments.
    """
    rows = Subscription.objects.all()
    if organization_id is not None:
        rows = rows.filter(organization_id=organization_id)
    run.compared["counters"] += rows.count()
    for tenant_id, subscription_id, _counted, _live in _miscounted(rows):
        yield from judge(_subject(tenant_id, subscription_id), run)


def recount(organization_id: uuid.UUID, subscription_id: uuid.UUID) -> None:
    """Set the counter to what is counted under the row's lock.

    Whoever assigns at this moment moves the counter after us, by the same lock.
    Raises IntegrityError when more people are licensed than there are licenses.
    """
    with transaction.atomic():
        locked = Subscription.objects.select_for_update(no_key=True).get(
            organization_id=organization_id, pk=subscription_id
        )
        locked.assigned = LicenseAssignment.objects.filter(
            organization_id=organization_id,
            subscription_id=subscription_id,
            ended_at=None,
            suspended_at=None,
        ).count()
        locked.save(update_fields=["assigned"])


def _miscounted(
    rows: QuerySet[Subscription],
) -> list[tuple[uuid.UUID, uuid.UUID, int, int]]:
    """Organization, key, what the counter says, how many hold a license."""
    counted = rows.annotate(live=Count("assignments", filter=_LIVE))
    wrong = counted.exclude(live=F("assigned")).order_by("pk")
    return list(wrong.values_list("organization_id", "pk", "assigned", "live"))


def _subject(organization_id: uuid.UUID, subscription_id: uuid.UUID) -> Subject:
    own = Subscription.objects.filter(
        organization_id=organization_id, pk=subscription_id
    )

    def look() -> list[Difference]:
        return [
            Difference("counter", str(counted), str(live), _NOTE, "counted")
            for _tenant_id, _id, counted, live in _miscounted(own)
        ]

    return Subject(
        name="licenses",
        ids=(str(subscription_id),),
        look=look,
        mend=lambda: recount(organization_id, subscription_id),
        under_way=lambda: False,
    )
