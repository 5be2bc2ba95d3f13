"""A change that waits for the renewal, and undoing it."""

from __future__ import annotations

import dataclasses

from django.db.models import QuerySet
from django.utils import timezone

from billing import gateway
from billing.gateway.shapes import StripeSchedule
from billing.models import StripeOperation
from billing.services import operations
from selfservice.subscriptions.models import ScheduledChange
from selfservice.subscriptions.operations.common import (
    Answer,
    apply_answer,
    subject_of,
)
from selfservice.subscriptions.services.contract import locked_subscription
from selfservice.subscriptions.services.counting import drop_scheduled_change

RUNNING = frozenset({"active", "not_started"})


@dataclasses.dataclass(frozen=True, slots=True)
class Scheduled:
    """The schedule, and the subscription as it was read after it."""

    schedule: StripeSchedule
    answer: Answer


def _schedule(operation: StripeOperation) -> Scheduled:
    change = _changes_of(operation).first()
    if change is None:
        # The renewal was faster: what was to change then has been dropped.
        raise operations.TooLate
    subscription = subject_of(operation)
    schedule = gateway.schedule_change(
        subscription_id=subscription.stripe_subscription_id,
        at=change.takes_effect_at,
        price_id=change.price.stripe_price_id,
        months=change.price.plan.billing_months,
        quantity=change.quantity,
        key=operation.key,
    )
    return Scheduled(schedule, _read(subscription.stripe_subscription_id))


def _changes_of(operation: StripeOperation) -> QuerySet[ScheduledChange]:
    """None, once it was dropped, or the one that waits."""
    return ScheduledChange.objects.filter(
        organization_id=operation.organization_id, subscription=operation.subject_id
    ).select_related("price__plan")


def _read(stripe_id: str) -> Answer:
    read_at = timezone.now()
    return Answer(gateway.read_subscription(stripe_id), None, read_at)


def _prove_scheduled(operation: StripeOperation) -> Scheduled | None:
    answer = _read(subject_of(operation).stripe_subscription_id)
    change = _changes_of(operation).first()
    if not answer.found.schedule_id or change is None:
        return None
    schedule = gateway.read_schedule(answer.found.schedule_id)
    # Not yet told of this change, it is as good as not made: it may be new, or still
    # there for the change that came before.
    wanted = change.quantity, change.price.stripe_price_id, change.takes_effect_at
    told = schedule.quantity, schedule.price_id, schedule.changes_at
    return Scheduled(schedule, answer) if told == wanted else None


def _apply_scheduled(operation: StripeOperation, scheduled: Scheduled) -> str:
    _changes_of(operation).update(stripe_schedule_id=scheduled.schedule.id)
    apply_answer(operation, scheduled.answer)
    return scheduled.schedule.id


def _forget(operation: StripeOperation, error: Exception) -> None:
    """Stripe refused: nothing waits for the renewal any more."""
    subscription = locked_subscription(operation.organization_id, operation.subject_id)
    drop_scheduled_change(subscription)
    subscription.save()


def _release(operation: StripeOperation) -> Scheduled:
    schedule = gateway.release_schedule(
        schedule_id=operation.arguments["schedule"], key=operation.key
    )
    return Scheduled(schedule, _read(subject_of(operation).stripe_subscription_id))


def _prove_released(operation: StripeOperation) -> Scheduled | None:
    schedule = gateway.read_schedule(operation.arguments["schedule"])
    if schedule.status in RUNNING:
        return None
    return Scheduled(schedule, _read(subject_of(operation).stripe_subscription_id))


def _apply_released(operation: StripeOperation, scheduled: Scheduled) -> str:
    apply_answer(operation, scheduled.answer)
    return scheduled.schedule.id


SCHEDULE = operations.Kind(
    call=_schedule, apply=_apply_scheduled, refuse=_forget, prove=_prove_scheduled
)
UNSCHEDULE = operations.Kind(
    call=_release,
    apply=_apply_released,
    refuse=operations.nothing_to_refuse,
    prove=_prove_released,
)
operations.kinds.register("subscription.schedule", SCHEDULE)
operations.kinds.register("subscription.unschedule", UNSCHEDULE)
