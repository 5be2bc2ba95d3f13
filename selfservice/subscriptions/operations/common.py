"""What the operations on a subscription have in common."""

from __future__ import annotations

import dataclasses
import datetime as dt

from billing.gateway.shapes import PaymentTry, StripeSubscription
from billing.models import StripeOperation
from selfservice.activity.services.record import Change, record
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.contract import (
    apply_subscription,
    locked_to_apply,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A subscription as it was read at `read_at`, in real time."""

    found: StripeSubscription
    payment_try: PaymentTry | None
    read_at: dt.datetime


def subject_of(operation: StripeOperation) -> Subscription:
    """The subscription that an operation is about, with what its call needs."""
    return Subscription.objects.select_related(
        "price", "plan", "profile", "payment_method"
    ).get(organization_id=operation.organization_id, pk=operation.subject_id)


def log_refused(operation: StripeOperation, verb: str) -> None:
    """The log says that it was wanted; it says too that it didn't come about."""
    record(
        Change(
            organization_id=operation.organization_id,
            actor_id=None,
            subject_kind="subscription",
            subject_id=operation.subject_id,
            verb=verb,
        )
    )


def apply_answer(operation: StripeOperation, answer: Answer) -> str:
    """Make our row equal to the answer; the id of Stripe's subscription."""
    apply_subscription(
        subscription=locked_to_apply(operation.organization_id, operation.subject_id),
        found=answer.found,
        payment_try=answer.payment_try,
        read_at=answer.read_at,
    )
    return answer.found.id
