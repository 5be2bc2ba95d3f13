"""How many licenses a subscription has, as Stripe's word and our own changes say.

Licenses grow only after Stripe said yes and shrink here before Stripe is told, so
that no moment has more people licensed than is paid for.
"""

from __future__ import annotations

import datetime as dt
import uuid
from functools import cache

from billing.gateway.shapes import StripeSubscription
from billing.services import operations
from selfservice.catalog.models import Price
from selfservice.core import clock
from selfservice.core.statements import Later, Statement
from selfservice.subscriptions.models import (
    QuantityChange,
    QuantityReason,
    ScheduledChange,
    Subscription,
)
from selfservice.subscriptions.services.log import log


def follow(subscription: Subscription, found: StripeSubscription) -> None:
    """Take over quantity, price and what waits; the row is locked, and saved after."""
    change = scheduled_change(subscription)
    due = change is not None and found.period_start >= change.takes_effect_at
    _follow_price(subscription, found)
    if due:
        _take(subscription, found, QuantityReason.RENEWAL, found.period_start)
    elif found.quantity != subscription.quantity and not _under_way(
        subscription, "subscription.fewer"
    ):
        _take(subscription, found, _why(subscription, found), clock.now())
    if change is not None and (due or _was_let_go(change, found)):
        drop_scheduled_change(subscription)
    subscription.pending_quantity = found.pending_quantity
    subscription.pending_until = found.pending_until


def follow_trial(subscription: Subscription, found: StripeSubscription) -> None:
    """A trial that goes on keeps its licenses, whatever is paid for afterwards."""
    waits = found.pending_until is not None
    subscription.pending_quantity = found.quantity if waits else None
    subscription.pending_until = found.pending_until
    if not waits and not _under_way(subscription, "subscription.trial_convert"):
        # The cap of a payment that came to nothing.
        subscription.scheduled_quantity = None


def end_trial(subscription: Subscription, found: StripeSubscription) -> None:
    """From now on there are as many licenses as are paid for."""
    _follow_price(subscription, found)
    subscription.scheduled_quantity = None
    subscription.pending_quantity = subscription.pending_until = None
    at = found.trial_end or found.period_start
    _take(subscription, found, QuantityReason.TRIAL, at)


def scheduled_change(subscription: Subscription) -> ScheduledChange | None:
    """What waits for the renewal; null for nothing."""
    return _scheduled().first(
        organization=subscription.organization_id, subscription=subscription.pk
    )


@cache
def _scheduled() -> Statement[ScheduledChange]:
    found = ScheduledChange.objects.filter(
        organization_id=Later("organization"), subscription_id=Later("subscription")
    )
    return Statement(found.select_related("price__plan")[:1], prepared=True)


def drop_scheduled_change(subscription: Subscription) -> None:
    """Forget it, whether it has come to pass or not; the caller saves the row."""
    ScheduledChange.objects.filter(
        organization_id=subscription.organization_id, subscription=subscription
    ).delete()
    subscription.scheduled_quantity = None


def change_quantity(
    subscription: Subscription, quantity: int, reason: QuantityReason, at: dt.datetime
) -> None:
    """Set the number and note the change, once; the caller saves the row."""
    before = subscription.quantity
    if quantity == before:
        return
    subscription.quantity = quantity
    QuantityChange.objects.create(
        organization_id=subscription.organization_id,
        subscription=subscription,
        reason=reason,
        delta=quantity - before,
        quantity=quantity,
        happened_at=at,
    )
    log(
        subscription,
        f"licenses_{reason}",
        by=_who(subscription, reason),
        before={"quantity": before},
        after={"quantity": quantity},
    )


def _take(
    subscription: Subscription,
    found: StripeSubscription,
    reason: QuantityReason,
    at: dt.datetime,
) -> None:
    # People keep what they hold: reconcile tells of a number that is too small.
    quantity = max(found.quantity, subscription.assigned, 1)
    change_quantity(subscription, quantity, reason, at)


def _why(subscription: Subscription, found: StripeSubscription) -> QuantityReason:
    """More that somebody asked for here, or a change that only Stripe knows of."""
    asked = subscription.pending_quantity == found.quantity or _under_way(
        subscription, "subscription.more"
    )
    grown = found.quantity > subscription.quantity
    return QuantityReason.ADDED if asked and grown else QuantityReason.OUTSIDE


def _follow_price(subscription: Subscription, found: StripeSubscription) -> None:
    """At a renewal the price may be another one, and with it the plan."""
    if found.price_id == subscription.price.stripe_price_id:
        return
    price = (
        Price.objects.filter(
            stripe_price_id=found.price_id, plan__product_id=subscription.product_id
        )
        .select_related("plan")
        .first()
    )
    if price is not None:
        subscription.price = price
        subscription.plan = price.plan


def _was_let_go(change: ScheduledChange, found: StripeSubscription) -> bool:
    known = change.stripe_schedule_id
    return bool(known) and found.schedule_id != known


def _under_way(subscription: Subscription, kind: str) -> bool:
    """Whether Stripe hasn't answered yet, or its answer is being applied right now."""
    return operations.unsettled(
        organization_id=subscription.organization_id,
        subject_id=subscription.pk,
        kind=kind,
    )


def _who(subscription: Subscription, reason: QuantityReason) -> uuid.UUID | None:
    return None if reason == QuantityReason.OUTSIDE else subscription.purchaser_id
