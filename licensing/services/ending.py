"""What is left to do once a subscription is Deleted: its licenses end for good."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from licensing.models import LicenseAssignment
from licensing.services.assigning import end_some
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription

SUBSCRIPTIONS_AT_ONCE = 500
LICENSES_AT_ONCE = 500
# Stripe may have renewed it, and nobody told us: read again first, every hour.
_UNCERTAIN = Q(recurring_billing=True, disabled_at=None, past_due_since=None) & ~Q(
    stripe_subscription_id=""
)


def end_deleted() -> int:
    """End every license of Deleted subscriptions, suspended ones too; how many.

    May run twice, or not at all for a week: nobody can use them meanwhile. Each
    batch is a transaction of its own. Must be called outside any transaction.
    """
    now = clock.now()
    open_ones = LicenseAssignment.objects.filter(
        organization_id=OuterRef("organization_id"),
        subscription_id=OuterRef("pk"),
        ended_at=None,
    )
    found = _deleted(now).filter(Exists(open_ones))
    rows = list(found.values_list("organization_id", "pk")[:SUBSCRIPTIONS_AT_ONCE])
    return sum(_end_all(organization_id, pk, now) for organization_id, pk in rows)


def _end_all(organization_id: uuid.UUID, pk: uuid.UUID, now: dt.datetime) -> int:
    total = 0
    while ended := _end_batch(organization_id, pk, now):
        total += ended
    return total


def _end_batch(organization_id: uuid.UUID, pk: uuid.UUID, now: dt.datetime) -> int:
    with transaction.atomic(durable=True):
        # Read again meanwhile, it may go on after all.
        if not _deleted(now).filter(organization_id=organization_id, pk=pk).exists():
            return 0
        return end_some(organization_id, pk, limit=LICENSES_AT_ONCE)


def _deleted(now: dt.datetime) -> QuerySet[Subscription]:
    return (
        Subscription.objects.annotate(state=lifecycle.state_case(now))
        .filter(state=lifecycle.DELETED)
        .exclude(_UNCERTAIN)
    )
