"""A purchaser who leaves: what they bought runs out, and isn't renewed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from selfservice.activity.services.record import Change, record
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services.ending import CANCELLABLE, begin_ending


def stop_renewals_of(organization_id: uuid.UUID, people: Sequence[uuid.UUID]) -> int:
    """Turn recurring billing off for all that these people bought; how many.

    In the caller's transaction; the worker tells Stripe. What an organization wants
    to keep it hands to somebody else before the term ends.
    """
    theirs = (
        Subscription.objects.select_for_update(no_key=True, of=("self",))
        .select_related("plan", "product", "price")
        .filter(
            organization_id=organization_id,
            purchaser_id__in=people,
            order_state=OrderState.CONFIRMED,
            recurring_billing=True,
            disabled_at=None,
        )
        .order_by("pk")
    )
    now = clock.now()
    running = [s for s in theirs if lifecycle.state_at(s, now) in CANCELLABLE]
    for subscription in running:
        subscription.change_number += 1
        begin_ending(subscription, None, "", for_worker=True)
        subscription.save()
        record(
            Change(
                organization_id=organization_id,
                actor_id=None,
                subject_kind="subscription",
                subject_id=subscription.pk,
                verb="purchaser_left",
            )
        )
    return len(running)
