"""What waits for too long: writes to Stripe and events of Stripe's."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Collection, Iterator

from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from billing import gateway
from billing.models import StripeEvent, StripeOperation
from billing.models.stripe import UNSETTLED
from billing.services import inbox, operations
from selfservice.core import clock
from selfservice.core.drift import Comparison, Difference, Finding, Outcome

log = logging.getLogger(__name__)

# The worker needs seconds; what is older than this was forgotten by everybody.
LATE = dt.timedelta(minutes=5)


def any_about(
    organization_id: uuid.UUID,
    subjects: Collection[uuid.UUID] | None,
    stripe_ids: Collection[str],
) -> bool:
    """Whether an operation or a recent event isn't settled yet.

    Operations about these rows, or about any of the organization's when that isn't
    known; events about these objects of Stripe's.
    """
    waiting = StripeOperation.objects.filter(
        organization_id=organization_id, state__in=UNSETTLED
    )
    if subjects is not None:
        waiting = waiting.filter(subject_id__in=subjects)
    told = StripeEvent.objects.filter(
        object_id__in=stripe_ids,
        processed_at=None,
        received_at__gt=timezone.now() - LATE,
    )
    return waiting.exists() or told.exists()


def waiting_facts() -> dict[str, float | str]:
    """How much waits for Stripe, whoever's it is, and since when in seconds.

    `state` is late when a write has no answer for a minute: the worker asks again
    every few seconds, so Stripe is away, or nobody works.
    """
    operations_waiting, since = (
        StripeOperation.objects.filter(state__in=UNSETTLED)
        .aggregate(n=Count("*"), since=Min("created_at"))
        .values()
    )
    events_waiting, told = (
        StripeEvent.objects.filter(processed_at=None, attempts__lt=inbox.GIVE_UP_AFTER)
        .aggregate(n=Count("*"), since=Min("received_at"))
        .values()
    )
    age = (clock.now() - since).total_seconds() if since else 0.0
    event_age = (timezone.now() - told).total_seconds() if told else 0.0
    return {
        "state": "late" if age > 60 else "fine",
        "unsettled": operations_waiting,
        "unsettled_age_seconds": round(age, 1),
        "events": events_waiting,
        "events_age_seconds": round(event_age, 1),
    }


def compare_operations(
    run: Comparison,
    *,
    organization_id: uuid.UUID | None = None,
    subjects: Collection[uuid.UUID] | None = None,
) -> Iterator[Finding]:
    """Writes that nobody settled for minutes; mending asks Stripe now.

    Of everybody, of an organization, or about these rows of it. Must be called
    outside any transaction.
    """
    late = StripeOperation.objects.filter(
        state__in=UNSETTLED, created_at__lt=clock.now() - LATE
    )
    if organization_id is not None:
        late = late.filter(organization_id=organization_id)
    if subjects is not None:
        late = late.filter(subject_id__in=subjects)
    for operation in list(late.order_by("leased_until")):
        run.compared["operations"] += 1
        waits = Difference("state", _waits(operation), "to be asked")
        settled = run.fix and _settle(operation)
        yield _finding(
            run,
            settled,
            f"operation {operation.kind}",
            waits,
            (str(operation.pk), operation.key),
            operation.error,
        )
    if run.fix:
        # Younger ones are nobody's fault; what they are about is compared next.
        operations.sweep()


def compare_events(
    run: Comparison, *, customer_ids: Collection[str] | None = None
) -> Iterator[Finding]:
    """Events that were stored and never worked off; mending works them off now."""
    late = StripeEvent.objects.filter(
        processed_at=None, received_at__lt=timezone.now() - LATE
    )
    if customer_ids is not None:
        late = late.filter(customer_id__in=customer_ids)
    for event in _pages(late):
        run.compared["events"] += 1
        waits = Difference("processed", "no", f"sent {event.received_at:%F %T}")
        done = run.fix and _process(event)
        yield _finding(
            run,
            done,
            f"event {event.type}",
            waits,
            (event.pk, event.object_id),
            event.error,
        )


def _pages(late: QuerySet[StripeEvent]) -> Iterator[StripeEvent]:
    """All of them, a few at a time: a day's worth may wait."""
    after = ""
    while page := list(late.filter(pk__gt=after).order_by("pk")[:200]):
        yield from page
        after = page[-1].pk


def _finding(
    run: Comparison,
    done: bool,
    subject: str,
    difference: Difference,
    ids: tuple[str, ...],
    error: str,
) -> Finding:
    if done:
        return Finding(subject, difference, ids, Outcome.MENDED)
    return Finding(subject, difference, ids, run.unmended, error)


def _waits(operation: StripeOperation) -> str:
    return f"{operation.state} since {operation.created_at:%F %T}"


def _settle(operation: StripeOperation) -> bool:
    """Ask Stripe with the same key; whether we know afterwards."""
    kind = operations.kinds.get(operation.kind)
    if kind is None:
        return False
    try:
        operations.run(operation, kind)
    except gateway.GatewayUnavailable:
        return False
    except (gateway.GatewayRejected, gateway.PaymentDeclined):
        return True
    except Exception:
        log.exception("operation %s can't be settled", operation.pk)
        return False
    return True


def _process(event: StripeEvent) -> bool:
    try:
        inbox.process(event.pk)
    except Exception:
        # Kept with the event, which the next run tries again.
        log.exception("event %s can't be processed", event.pk)
        return False
    return True
