"""More licenses, charged at once; fewer licenses, given back at once."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from billing import gateway
from billing.gateway.shapes import StripeSubscription
from billing.models import StripeOperation
from billing.services import operations, refunds
from selfservice.core import clock
from selfservice.subscriptions.models import QuantityReason
from selfservice.subscriptions.operations.common import (
    Answer,
    apply_answer,
    subject_of,
)
from selfservice.subscriptions.services.contract import locked_subscription
from selfservice.subscriptions.services.counting import change_quantity

ASKS_THE_BANK = frozenset({"requires_action", "processing"})


def _add(operation: StripeOperation) -> Answer:
    """Ask for more; tell paid, waiting for the bank and declined apart.

    Raises PaymentDeclined, when nothing of it is left at Stripe.
    """
    subscription = subject_of(operation)
    read_at = timezone.now()
    found = gateway.add_licenses(
        subscription_id=subscription.stripe_subscription_id,
        item_id=subscription.stripe_item_id,
        quantity=operation.arguments["to"],
        at=dt.datetime.fromisoformat(operation.arguments["at"]),
        key=operation.key,
    )
    if operation.attempts > 1:
        read_at = timezone.now()
        found = gateway.read_subscription(found.id)
    return _paid_or_waiting(operation, found, read_at)


def _paid_or_waiting(
    operation: StripeOperation, found: StripeSubscription, read_at: dt.datetime
) -> Answer:
    if found.quantity == operation.arguments["to"]:
        return Answer(found, None, read_at)
    tried = gateway.last_payment_try(found.latest_invoice_id)
    if found.pending_quantity is not None:
        if tried is not None and tried.status in ASKS_THE_BANK:
            return Answer(found, tried, read_at)
        gateway.void_invoice(
            invoice_id=found.latest_invoice_id, key=f"{operation.key}-void"
        )
        # Paid at the same moment: then it couldn't be voided, and it counts.
        read_at = timezone.now()
        found = gateway.read_subscription(found.id)
        if found.quantity == operation.arguments["to"]:
            return Answer(found, None, read_at)
    raise gateway.PaymentDeclined(tried.decline if tried else "")


def _nothing_waits(operation: StripeOperation, error: Exception) -> None:
    """Declined: what an event said was waiting for its payment was taken back."""
    subscription = locked_subscription(operation.organization_id, operation.subject_id)
    subscription.pending_quantity = subscription.pending_until = None
    subscription.save()


def _prove_added(operation: StripeOperation) -> Answer | None:
    read_at = timezone.now()
    found = gateway.read_subscription(subject_of(operation).stripe_subscription_id)
    wanted = operation.arguments["to"]
    done = found.quantity == wanted or found.pending_quantity == wanted
    return Answer(found, None, read_at) if done else None


def _remove(operation: StripeOperation) -> Answer:
    subscription = subject_of(operation)
    read_at = timezone.now()
    found = gateway.remove_licenses(
        subscription_id=subscription.stripe_subscription_id,
        item_id=subscription.stripe_item_id,
        quantity=operation.arguments["to"],
        key=operation.key,
    )
    if operation.attempts > 1:
        read_at = timezone.now()
        found = gateway.read_subscription(found.id)
    return Answer(found, None, read_at)


def _prove_removed(operation: StripeOperation) -> Answer | None:
    read_at = timezone.now()
    found = gateway.read_subscription(subject_of(operation).stripe_subscription_id)
    done = found.quantity == operation.arguments["to"]
    return Answer(found, None, read_at) if done else None


def _apply_removed(operation: StripeOperation, answer: Answer) -> str:
    """Only now that Stripe knows the smaller number the money goes back."""
    refunds.begin_refunds(
        organization_id=operation.organization_id,
        subject_id=operation.subject_id,
        key=operation.key,
        shares=[refunds.Share(*share) for share in operation.arguments["refunds"]],
    )
    return apply_answer(operation, answer)


def _keep_licenses(operation: StripeOperation, error: Exception) -> None:
    """Stripe refused: the licenses that were taken off here are there again."""
    subscription = locked_subscription(operation.organization_id, operation.subject_id)
    change_quantity(
        subscription, operation.arguments["from"], QuantityReason.REMOVED, clock.now()
    )
    subscription.save()


MORE = operations.Kind(
    call=_add,
    apply=apply_answer,
    refuse=_nothing_waits,
    prove=_prove_added,
    lapses=True,
)
FEWER = operations.Kind(
    call=_remove, apply=_apply_removed, refuse=_keep_licenses, prove=_prove_removed
)
operations.kinds.register("subscription.more", MORE)
operations.kinds.register("subscription.fewer", FEWER)
