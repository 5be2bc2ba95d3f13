"""Another card that pays from now on."""

from __future__ import annotations

from django.utils import timezone

from billing import gateway
from billing.models import StripeOperation
from billing.services import operations
from selfservice.subscriptions.operations.common import (
    Answer,
    apply_answer,
    log_refused,
    subject_of,
)


def _set_card(operation: StripeOperation) -> Answer:
    """What waits for the renewal is told first: it remembers the card of its day."""
    card_id = operation.arguments["card"]
    found = gateway.read_subscription(subject_of(operation).stripe_subscription_id)
    if found.schedule_id:
        gateway.set_card_of_schedule(
            schedule_id=found.schedule_id,
            card_id=card_id,
            key=f"{operation.key}-schedule",
        )
    read_at = timezone.now()
    found = gateway.set_card(
        subscription_id=found.id, card_id=card_id, key=operation.key
    )
    if operation.attempts > 1:
        read_at = timezone.now()
        found = gateway.read_subscription(found.id)
    return Answer(found, None, read_at)


def _prove_set(operation: StripeOperation) -> Answer | None:
    read_at = timezone.now()
    found = gateway.read_subscription(subject_of(operation).stripe_subscription_id)
    done = found.card_id == operation.arguments["card"]
    return Answer(found, None, read_at) if done else None


def _not_set(operation: StripeOperation, error: Exception) -> None:
    log_refused(operation, "change_refused")


CARD = operations.Kind(
    call=_set_card, apply=apply_answer, refuse=_not_set, prove=_prove_set
)
operations.kinds.register("subscription.card", CARD)
