"""A change that waits for the renewal, and undoing it."""

from __future__ import annotations

import dataclasses

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
    change = ScheduledChange.objects.select_related("price__plan").get(
        organization_id=operation.organization_id, subscription=operation.subject_id
    )
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


def _read(stripe_id: str) -> Answer:
    read_at = timezone.now()
    return Answer(gateway.read_subscription(stripe_id), None, read_at)


def _prove_scheduled(operation: StripeOperation) -> Scheduled | None:
    answer = _read(subject_of(operation).stripe_subscription_id)
    if not answer.found.schedule_id:
        return None
    schedule = gateway.read_schedule(answer.found.schedule_id)
    # Made, but not yet told what changes: then it is as good as not made.
    return Scheduled(schedule, answer) if schedule.phases > 1 else None


def _apply_scheduled(operation: StripeOperation, scheduled: Scheduled) -> str:
    ScheduledChange.objects.filter(
        organization_id=operation.organization_id, subscription=operation.subject_id
    ).update(stripe_schedule_id=scheduled.schedule.id)
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
