"""A change at renewal: one schedule of two phases, released when it is undone."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

import stripe

from billing.gateway.client import client
from billing.gateway.errors import GatewayRejected, translated
from billing.gateway.shapes import StripeSchedule, instant, text_id


def schedule_change(
    *,
    subscription_id: str,
    at: dt.datetime,
    price_id: str,
    months: int,
    quantity: int,
    key: str,
) -> StripeSchedule:
    """From the instant `at` on, `quantity` licenses at `price_id`, a price of `months`.

    Until then everything stays as it is; afterwards the schedule lets go by itself.
    Two calls with a key each: the same key makes both the same again.
    Source: https://docs.stripe.com/billing/subscriptions/subscription-schedules
    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        schedules = client().v1.subscription_schedules
        # One that a first try left behind is finished, however long ago that was; and
        # one that changed something at the last renewal stays for a whole period.
        now = client().v1.subscriptions.retrieve(subscription_id)
        known = now.schedule or schedules.create(
            {"from_subscription": subscription_id}, {"idempotency_key": f"{key}-create"}
        )
        made = schedules.retrieve(text_id(known))
        until = _phase_until(made, now["items"].data[0], at)
        afterwards: stripe.params.SubscriptionScheduleUpdateParamsPhase = {
            "items": [{"price": price_id, "quantity": quantity}],
            "duration": {"interval": "month", "interval_count": months},
            "proration_behavior": "none",
        }
        changed = schedules.update(
            made.id,
            {"end_behavior": "release", "phases": [until, afterwards]},
            {"idempotency_key": f"{key}-update"},
        )
    return _schedule(changed)


def _phase_until(
    made: stripe.SubscriptionSchedule, item: stripe.SubscriptionItem, at: dt.datetime
) -> stripe.params.SubscriptionScheduleUpdateParamsPhase:
    """What runs now, unchanged, up to the instant `at`; phases before it are over."""
    now = made.current_phase or made.phases[0]
    return {
        "start_date": now.start_date,
        "end_date": int(at.timestamp()),
        "items": [{"price": item.price.id, "quantity": item.quantity or 0}],
        "proration_behavior": "none",
    }


def set_card_of_schedule(*, schedule_id: str, card_id: str, key: str) -> None:
    """Charge `card_id` in the phases to come, too; one that let go is no error.

    A schedule remembers the card that the subscription had when it was made.
    Raises GatewayUnavailable.
    """
    # A card that can't be used is refused for the subscription itself, in words.
    with suppress(GatewayRejected), translated():
        client().v1.subscription_schedules.update(
            schedule_id,
            {"default_settings": {"default_payment_method": card_id}},
            {"idempotency_key": key},
        )


def read_schedule(schedule_id: str) -> StripeSchedule:
    """As it is now. Raises GatewayUnavailable, GatewayRejected."""
    with translated():
        return _schedule(client().v1.subscription_schedules.retrieve(schedule_id))


def release_schedule(*, schedule_id: str, key: str) -> StripeSchedule:
    """Let the subscription go on as it is now; one that let go already is no error.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with suppress(GatewayRejected), translated():
        client().v1.subscription_schedules.release(
            schedule_id, {}, {"idempotency_key": key}
        )
    return read_schedule(schedule_id)


def _schedule(found: stripe.SubscriptionSchedule) -> StripeSchedule:
    last = found.phases[-1]
    item = last.items[0]
    return StripeSchedule(
        id=found.id,
        status=found.status,
        subscription_id=text_id(found.subscription or found.released_subscription),
        changes_at=instant(last.start_date),
        price_id=text_id(item.price),
        quantity=item.quantity or 0,
    )
