"""A trial's later end, what is paid for afterwards, and paying for it today."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from billing import gateway
from billing.gateway.shapes import StripeSubscription
from billing.models import StripeOperation
from billing.services import operations
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.operations.common import (
    Answer,
    apply_answer,
    subject_of,
)
from selfservice.subscriptions.operations.quantity import ASKS_THE_BANK
from selfservice.subscriptions.services.contract import locked_subscription
from selfservice.subscriptions.services.trial_count import tell_if_changed

TRIALING = "trialing"


def _extend(operation: StripeOperation) -> Answer:
    read_at = timezone.now()
    found = gateway.extend_trial(
        subscription_id=subject_of(operation).stripe_subscription_id,
        ends_at=_until(operation),
        goes_on=operation.arguments["goes_on"],
        key=operation.key,
    )
    if operation.attempts > 1:
        read_at = timezone.now()
        found = gateway.read_subscription(found.id)
    return Answer(found, None, read_at)


def _prove_extended(operation: StripeOperation) -> Answer | None:
    read_at = timezone.now()
    found = gateway.read_subscription(subject_of(operation).stripe_subscription_id)
    return (
        Answer(found, None, read_at) if found.trial_end == _until(operation) else None
    )


def _not_extended(operation: StripeOperation, error: Exception) -> None:
    subscription = locked_subscription(operation.organization_id, operation.subject_id)
    subscription.trial_extended_at = None
    subscription.save()


def _until(operation: StripeOperation) -> dt.datetime:
    return dt.datetime.fromisoformat(operation.arguments["until"])


def _count(operation: StripeOperation) -> Answer:
    """Tell the number as it is now: it may have moved since this was begun."""
    subscription = subject_of(operation)
    wanted = subscription.paid_quantity
    read_at = timezone.now()
    found = gateway.read_subscription(subscription.stripe_subscription_id)
    if found.status == TRIALING and found.quantity != wanted:
        gateway.set_paid_licenses(
            subscription_id=found.id,
            item_id=found.item_id,
            quantity=wanted,
            key=f"{operation.key}-{wanted}",
        )
        read_at = timezone.now()
        found = gateway.read_subscription(found.id)
    return Answer(found, None, read_at)


def _apply_count(operation: StripeOperation, answer: Answer) -> str:
    applied = apply_answer(operation, answer)
    # Whoever got or lost a license in the meantime left it to us to tell that.
    locked = locked_subscription(operation.organization_id, operation.subject_id)
    tell_if_changed(locked)
    return applied


def _prove_count(operation: StripeOperation) -> Answer | None:
    read_at = timezone.now()
    subscription = subject_of(operation)
    found = gateway.read_subscription(subscription.stripe_subscription_id)
    done = found.status != TRIALING or found.quantity == subscription.paid_quantity
    return Answer(found, None, read_at) if done else None


def _convert(operation: StripeOperation) -> Answer:
    """Charge the first period today; tell paid, waiting and declined apart.

    Raises PaymentDeclined, when the trial goes on as before.
    """
    subscription, arguments = subject_of(operation), operation.arguments
    read_at = timezone.now()
    found = gateway.read_subscription(subscription.stripe_subscription_id)
    if found.status == TRIALING and found.pending_until is None:
        gateway.keep_after_trial(
            subscription_id=found.id,
            item_id=found.item_id,
            quantity=arguments["to"],
            card_id=arguments["card"],
            key=f"{operation.key}-keep",
        )
        read_at = timezone.now()
        found = gateway.end_trial(subscription_id=found.id, key=operation.key)
    if operation.attempts > 1:
        read_at = timezone.now()
        found = gateway.read_subscription(found.id)
    if found.status == TRIALING:
        return _waiting(operation, subscription, found, read_at)
    return Answer(found, None, read_at)


def _waiting(
    operation: StripeOperation,
    subscription: Subscription,
    found: StripeSubscription,
    read_at: dt.datetime,
) -> Answer:
    tried = gateway.last_payment_try(found.latest_invoice_id)
    if tried is not None and tried.status in ASKS_THE_BANK:
        return Answer(found, tried, read_at)
    if found.pending_until is not None:
        gateway.void_invoice(
            invoice_id=found.latest_invoice_id, key=f"{operation.key}-void"
        )
        # Paid at the same moment: then it couldn't be voided, and it counts.
        read_at = timezone.now()
        found = gateway.read_subscription(found.id)
        if found.status != TRIALING:
            return Answer(found, None, read_at)
    if not operation.arguments["went_on"] and found.trial_end is not None:
        gateway.end_at(
            subscription_id=found.id,
            at=found.trial_end,
            feedback=None,
            comment="",
            key=f"{operation.key}-restore",
        )
    raise gateway.PaymentDeclined(tried.decline if tried else "")


def _not_converted(operation: StripeOperation, error: Exception) -> None:
    subscription = locked_subscription(operation.organization_id, operation.subject_id)
    subscription.scheduled_quantity = None
    subscription.pending_quantity = subscription.pending_until = None
    subscription.save()
    # People may have got licenses, or given them back, while it was tried.
    tell_if_changed(subscription)


def _prove_converted(operation: StripeOperation) -> Answer | None:
    read_at = timezone.now()
    found = gateway.read_subscription(subject_of(operation).stripe_subscription_id)
    done = found.status != TRIALING or found.pending_until is not None
    return Answer(found, None, read_at) if done else None


EXTEND = operations.Kind(
    call=_extend, apply=apply_answer, refuse=_not_extended, prove=_prove_extended
)
COUNT = operations.Kind(
    call=_count,
    apply=_apply_count,
    refuse=operations.nothing_to_refuse,
    prove=_prove_count,
)
CONVERT = operations.Kind(
    call=_convert,
    apply=apply_answer,
    refuse=_not_converted,
    prove=_prove_converted,
    lapses=True,
)
operations.kinds.register("subscription.trial_extend", EXTEND)
operations.kinds.register("subscription.trial_count", COUNT)
operations.kinds.register("subscription.trial_convert", CONVERT)
