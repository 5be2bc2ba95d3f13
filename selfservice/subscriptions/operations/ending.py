"""Ending at once with the money back, and recurring billing on or off."""

from __future__ import annotations

import datetime as dt
from typing import cast

from django.utils import timezone

from billing import gateway
from billing.gateway.shapes import StripeSubscription
from billing.models import StripeOperation
from billing.services import operations, refunds
from selfservice.core import hooks
from selfservice.core.money import Money
from selfservice.subscriptions import mails
from selfservice.subscriptions.operations.common import (
    Answer,
    apply_answer,
    log_refused,
    subject_of,
)
from selfservice.subscriptions.services.contract import locked_subscription
from selfservice.subscriptions.services.stripe_status import ENDED


def _end_now(operation: StripeOperation) -> Answer:
    subscription = subject_of(operation)
    read_at = timezone.now()
    found = gateway.read_subscription(subscription.stripe_subscription_id)
    if found.status not in ENDED:
        read_at = timezone.now()
        found = gateway.end_now(
            subscription_id=found.id,
            feedback=cast(gateway.Feedback, operation.arguments["feedback"]),
            comment=operation.arguments["comment"],
            key=operation.key,
        )
    return Answer(found, None, read_at)


def _prove_ended(operation: StripeOperation) -> Answer | None:
    read_at = timezone.now()
    found = gateway.read_subscription(subject_of(operation).stripe_subscription_id)
    return Answer(found, None, read_at) if found.status in ENDED else None


def _apply_ended(operation: StripeOperation, answer: Answer) -> str:
    """Only now that nothing is charged any more the money goes back."""
    refunds.begin_refunds(
        organization_id=operation.organization_id,
        subject_id=operation.subject_id,
        key=operation.key,
        shares=[refunds.Share(*share) for share in operation.arguments["refunds"]],
    )
    applied = apply_answer(operation, answer)
    _tell_cancelled(operation)
    hooks.access_ended.send(
        hooks.AccessEnded(operation.organization_id, operation.subject_id)
    )
    return applied


def _go_on(operation: StripeOperation, error: Exception) -> None:
    """Stripe refused: what was ended here goes on."""
    subscription = locked_subscription(operation.organization_id, operation.subject_id)
    subscription.disabled_at = None
    subscription.cancelled_at = None
    subscription.cancel_reason = subscription.cancel_feedback = ""
    subscription.save()


def _set_recurring(operation: StripeOperation) -> Answer:
    """End with the term, or don't; a change that waits is let go first."""
    arguments = operation.arguments
    subscription = subject_of(operation)
    # Whatever Stripe has scheduled, also what a lost first try of ours left behind.
    scheduled = gateway.read_subscription(subscription.stripe_subscription_id)
    if arguments["at"] and scheduled.schedule_id:
        gateway.release_schedule(
            schedule_id=scheduled.schedule_id, key=f"{operation.key}-release"
        )
    read_at = timezone.now()
    found = gateway.end_at(
        subscription_id=subscription.stripe_subscription_id,
        at=dt.datetime.fromisoformat(arguments["at"]) if arguments["at"] else None,
        feedback=cast(gateway.Feedback | None, arguments["feedback"]),
        comment=arguments["comment"],
        key=operation.key,
    )
    if operation.attempts > 1:
        read_at = timezone.now()
        found = gateway.read_subscription(found.id)
    return Answer(found, None, read_at)


def _apply_recurring(operation: StripeOperation, answer: Answer) -> str:
    applied = apply_answer(operation, answer)
    # Whoever only turned recurring billing off gave no reason.
    if operation.arguments["feedback"]:
        _tell_cancelled(operation)
    return applied


def _tell_cancelled(operation: StripeOperation) -> None:
    """By mail, and only now: what Stripe refuses was never canceled."""
    subscription = subject_of(operation)
    until = operation.arguments.get("at")
    shares = operation.arguments.get("refunds", [])
    refund = sum(amount for _invoice, amount in shares)
    mails.cancelled(
        subscription,
        period=str(operation.pk),
        until=dt.datetime.fromisoformat(until) if until else None,
        refund=Money(refund, subscription.price.currency) if refund else None,
    )


def _not_switched(operation: StripeOperation, error: Exception) -> None:
    if operation.arguments["feedback"]:
        _go_on(operation, error)
    log_refused(operation, "change_refused")


def _prove_recurring(operation: StripeOperation) -> Answer | None:
    read_at = timezone.now()
    found = gateway.read_subscription(subject_of(operation).stripe_subscription_id)
    done = _ends(found) == bool(operation.arguments["at"]) and not found.schedule_id
    return Answer(found, None, read_at) if done else None


def _give_up(operation: StripeOperation) -> Answer:
    stripe_id = operation.arguments.get("stripe_id")
    read_at = timezone.now()
    found = gateway.give_up(
        subscription_id=stripe_id or subject_of(operation).stripe_subscription_id,
        key=operation.key,
    )
    return Answer(found, None, read_at)


def _ends(found: StripeSubscription) -> bool:
    return found.cancel_at is not None or found.cancel_at_period_end


END_NOW = operations.Kind(
    call=_end_now, apply=_apply_ended, refuse=_go_on, prove=_prove_ended
)
RECURRING = operations.Kind(
    call=_set_recurring,
    apply=_apply_recurring,
    refuse=_not_switched,
    prove=_prove_recurring,
)
GIVE_UP = operations.Kind(
    call=_give_up,
    apply=apply_answer,
    refuse=operations.nothing_to_refuse,
    # It looks before it acts, so that doing it again is the proof.
    prove=operations.nothing_to_prove,
)
operations.kinds.register("subscription.end", END_NOW)
operations.kinds.register("subscription.give_up", GIVE_UP)
operations.kinds.register("subscription.recurring", RECURRING)
