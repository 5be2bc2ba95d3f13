"""Buying, and dropping what nobody paid."""

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
from selfservice.subscriptions.services.contract import (
    decline,
    locked_subscription,
    read_payment_try,
)


def _buy(operation: StripeOperation) -> Answer:
    read_at = timezone.now()
    found = _start(operation, subject_of(operation))
    # The same key answers with what was so at the first call; the truth is newer.
    if operation.attempts > 1:
        read_at = timezone.now()
        found = gateway.read_subscription(found.id)
    return Answer(found, read_payment_try(found), read_at)


def _start(
    operation: StripeOperation, subscription: Subscription
) -> StripeSubscription:
    card = subscription.payment_method
    card_id = card.stripe_payment_method_id if card is not None else ""
    own_ids = {
        "organization": str(operation.organization_id),
        "subscription": str(subscription.pk),
        "attempt": str(operation.arguments["attempt"]),
        "operation": str(operation.pk),
    }
    trial_end = operation.arguments.get("trial_end")
    if trial_end:
        return gateway.start_trial(
            customer_id=subscription.profile.stripe_customer_id,
            price_id=subscription.price.stripe_price_id,
            quantity=subscription.quantity_after_trial or 1,
            card_id=card_id,
            ends_at=dt.datetime.fromisoformat(trial_end),
            own_ids=own_ids,
            key=operation.key,
        )
    return gateway.buy_subscription(
        customer_id=subscription.profile.stripe_customer_id,
        price_id=subscription.price.stripe_price_id,
        quantity=subscription.quantity,
        card_id=card_id,
        own_ids=own_ids,
        key=operation.key,
    )


def _prove_bought(operation: StripeOperation) -> Answer | None:
    subscription = subject_of(operation)
    read_at = timezone.now()
    found = gateway.find_subscription(
        customer_id=subscription.profile.stripe_customer_id,
        own_key="operation",
        own_value=str(operation.pk),
    )
    if found is None:
        return None
    return Answer(found, read_payment_try(found), read_at)


def _refuse_buying(
    operation: StripeOperation,
    error: gateway.GatewayRejected | gateway.PaymentDeclined,
) -> None:
    subscription = locked_subscription(operation.organization_id, operation.subject_id)
    if subscription.attempt == operation.arguments["attempt"]:
        decline(subscription, str(error))
        subscription.save()


def _drop(operation: StripeOperation) -> Answer:
    read_at = timezone.now()
    found = gateway.drop_subscription(
        subscription_id=operation.arguments["stripe_id"], key=operation.key
    )
    return Answer(found, None, read_at)


def _prove_dropped(operation: StripeOperation) -> Answer | None:
    read_at = timezone.now()
    found = gateway.read_subscription(operation.arguments["stripe_id"])
    return None if found.status == "incomplete" else Answer(found, None, read_at)


BUY = operations.Kind(
    call=_buy,
    apply=apply_answer,
    refuse=_refuse_buying,
    prove=_prove_bought,
    lapses=True,
)
DROP = operations.Kind(
    call=_drop,
    apply=apply_answer,
    refuse=operations.nothing_to_refuse,
    prove=_prove_dropped,
)
operations.kinds.register("subscription.buy", BUY)
operations.kinds.register("subscription.drop", DROP)
