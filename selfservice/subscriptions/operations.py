"""How a subscription's writes to Stripe are called, applied, refused and proven."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.utils import timezone

from billing import gateway
from billing.gateway.shapes import PaymentTry, StripeSubscription
from billing.models import StripeOperation
from billing.services import operations
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.contract import (
    apply_subscription,
    decline,
    locked_subscription,
    read_payment_try,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A subscription as it was read at `read_at`."""

    found: StripeSubscription
    payment_try: PaymentTry | None
    read_at: dt.datetime


def _buy(operation: StripeOperation) -> Answer:
    read_at = timezone.now()
    subscription = Subscription.objects.select_related(
        "price", "profile", "payment_method"
    ).get(organization_id=operation.organization_id, pk=operation.subject_id)
    found = gateway.buy_subscription(
        customer_id=subscription.profile.stripe_customer_id,
        price_id=subscription.price.stripe_price_id,
        quantity=subscription.quantity,
        card_id=subscription.payment_method.stripe_payment_method_id,
        own_ids={
            "organization": str(operation.organization_id),
            "subscription": str(subscription.pk),
            "attempt": str(operation.arguments["attempt"]),
            "operation": str(operation.pk),
        },
        key=operation.key,
    )
    # The same key answers with what was so at the first call; the truth is newer.
    if operation.attempts > 1:
        read_at = timezone.now()
        found = gateway.read_subscription(found.id)
    return Answer(found, read_payment_try(found), read_at)


def _prove_bought(operation: StripeOperation) -> Answer | None:
    subscription = Subscription.objects.select_related("profile").get(
        organization_id=operation.organization_id, pk=operation.subject_id
    )
    read_at = timezone.now()
    found = gateway.find_subscription(
        customer_id=subscription.profile.stripe_customer_id,
        own_key="operation",
        own_value=str(operation.pk),
    )
    if found is None:
        return None
    return Answer(found, read_payment_try(found), read_at)


def _apply(operation: StripeOperation, answer: Answer) -> str:
    subscription = locked_subscription(operation.organization_id, operation.subject_id)
    apply_subscription(
        subscription=subscription,
        found=answer.found,
        payment_try=answer.payment_try,
        read_at=answer.read_at,
    )
    return answer.found.id


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
    call=_buy, apply=_apply, refuse=_refuse_buying, prove=_prove_bought, lapses=True
)
DROP = operations.Kind(
    call=_drop,
    apply=_apply,
    refuse=operations.nothing_to_refuse,
    prove=_prove_dropped,
)
operations.kinds.register("subscription.buy", BUY)
operations.kinds.register("subscription.drop", DROP)
