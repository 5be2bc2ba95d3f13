"""What subscriptions are charged next: how much, excluding tax, and when."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable

from selfservice.core.money import Money
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import ScheduledChange, Subscription


@dataclasses.dataclass(frozen=True, slots=True)
class Charge:
    """A charge to come, excluding tax."""

    at: dt.datetime
    subscription: Subscription
    quantity: int
    amount: Money


def next_charges(
    subscriptions: Iterable[Subscription], now: dt.datetime
) -> list[Charge]:
    """The next charge of every subscription that has one, the soonest first."""
    found = [
        charge
        for subscription in subscriptions
        if (charge := next_charge(subscription, now)) is not None
    ]
    return sorted(found, key=lambda charge: charge.at)


def next_charge(
    subscription: Subscription,
    now: dt.datetime,
    scheduled: ScheduledChange | None = None,
) -> Charge | None:
    """The next charge; null when nothing more is charged.

    With the change that is `scheduled`, also a price that changes is known.
    """
    if lifecycle.state_at(subscription, now) not in {lifecycle.ACTIVE, lifecycle.TRIAL}:
        return None
    at = subscription.period_end
    ends = subscription.term_end
    if at is None or ends is None or at <= now:
        return None
    # A year that is billed monthly is charged until its end, renewed or not.
    renews = at >= ends
    if renews and not subscription.recurring_billing:
        return None
    count, price = subscription.paid_quantity, subscription.price
    if renews and subscription.scheduled_quantity is not None:
        count = subscription.scheduled_quantity
    if scheduled is not None and scheduled.takes_effect_at <= at:
        count, price = scheduled.quantity, scheduled.price
    return Charge(at, subscription, count, price.money * count)


def card_fails_at(subscription: Subscription, now: dt.datetime) -> dt.datetime | None:
    """The next charge, or else the renewal, for which the card is no longer valid.

    Null when there is none, or nothing to charge. Reads the card.
    """
    card, charge = subscription.payment_method, next_charge(subscription, now)
    if card is None or charge is None:
        return None
    renewal = subscription.term_end if subscription.recurring_billing else None
    charges = [at for at in (charge.at, renewal) if at is not None]
    return next((at for at in charges if card.expired_by(at.year, at.month)), None)
