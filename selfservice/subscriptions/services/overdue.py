"""Giving up what stayed past due for thirty days."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction
from django.db.models import Q

from billing.services import operations
from selfservice.core import clock
from selfservice.subscriptions import mails
from selfservice.subscriptions.lifecycle import PAST_DUE_LASTS
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services.contract import locked_subscription
from selfservice.subscriptions.services.log import log

AT_ONCE = 200


def give_up_overdue() -> int:
    """End, at Stripe too, what is disabled for not being paid; how many were begun.

    The state says Disabled by itself; this stops Stripe from asking on. May run
    twice, or not at all for a week: the worker does what is begun here.
    """
    now = clock.now()
    due = Subscription.objects.filter(
        Q(disabled_at=None),
        order_state=OrderState.CONFIRMED,
        past_due_since__lte=now - PAST_DUE_LASTS,
    ).values_list("organization_id", "pk")[:AT_ONCE]
    return sum(_give_up(organization_id, pk, now) for organization_id, pk in due)


def _give_up(organization_id: uuid.UUID, pk: uuid.UUID, now: dt.datetime) -> bool:
    with transaction.atomic(durable=True):
        locked = locked_subscription(organization_id, pk)
        since = locked.past_due_since
        if since is None or locked.disabled_at or since > now - PAST_DUE_LASTS:
            return False
        locked.disabled_at = since + PAST_DUE_LASTS
        locked.save()
        operations.begin(
            kind="subscription.give_up",
            key=f"give-up-{locked.pk}-{locked.attempt}-{since:%Y%m%d}",
            organization_id=locked.organization_id,
            subject_id=locked.pk,
            # Reactivated meanwhile, it is another one that must not be ended.
            arguments={"stripe_id": locked.stripe_subscription_id},
            for_worker=True,
        )
        mails.given_up(locked)
        log(locked, "given_up", by=None, before={"past_due_since": since.isoformat()})
    return True
