"""What the cards of billing profiles pay for, for the rooms below."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import cast

from django.urls import reverse

from selfservice.core import clock
from selfservice.core.hooks import CardsAsked, CardUse
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.charges import next_charge
from selfservice.subscriptions.models import (
    ContractState,
    NextContract,
    ScheduledChange,
    Subscription,
)
from selfservice.subscriptions.queries import SHOWN

# What a card is charged for, or is about to be.
IN_USE = [*sorted(lifecycle.ASSIGNABLE), lifecycle.PENDING]


def card_uses(asked: CardsAsked) -> list[CardUse]:
    """Every subscription in use, order and new term that one of the cards pays for.

    Three statements, however many there are.
    """
    now = clock.now()
    found = list(
        Subscription.objects.filter(
            organization_id=asked.organization_id,
            profile_id__in=asked.profile_ids,
            payment_method__isnull=False,
            order_state__in=SHOWN,
        )
        .annotate(state=lifecycle.state_case(now))
        .filter(state__in=IN_USE)
        .select_related("product", "price")
        .order_by("product__name", "id")
    )
    scheduled = _scheduled(asked.organization_id, found)
    uses = [_use(each, scheduled.get(each.pk), now) for each in found]
    return uses + _next_contracts(asked)


def _use(
    subscription: Subscription, scheduled: ScheduledChange | None, now: dt.datetime
) -> CardUse:
    state = lifecycle.state_at(subscription, now)
    charge = next_charge(subscription, now, scheduled)
    page = "order" if state == lifecycle.PENDING else "details"
    return CardUse(
        method_id=cast(uuid.UUID, subscription.payment_method_id),
        subscription_id=subscription.pk,
        title=subscription.product.name,
        url=reverse(f"subscriptions:{page}", args=[subscription.pk]),
        charge=charge.amount if charge else None,
        charged_at=charge.at if charge else None,
        past_due=state == lifecycle.PAST_DUE,
        waits=state == lifecycle.PENDING or subscription.pending_until is not None,
    )


def _scheduled(
    organization_id: uuid.UUID, subscriptions: Sequence[Subscription]
) -> dict[uuid.UUID, ScheduledChange]:
    changes = ScheduledChange.objects.filter(
        organization_id=organization_id, subscription__in=subscriptions
    )
    return {
        change.subscription_id: change for change in changes.select_related("price")
    }


def _next_contracts(asked: CardsAsked) -> list[CardUse]:
    """New terms of what is over, whose payment the bank wants confirmed."""
    waiting = NextContract.objects.filter(
        organization_id=asked.organization_id,
        profile_id__in=asked.profile_ids,
        state=ContractState.WAITING,
    ).select_related("subscription__product")
    return [
        CardUse(
            method_id=contract.payment_method_id,
            subscription_id=contract.subscription_id,
            title=contract.subscription.product.name,
            url=reverse("subscriptions:details", args=[contract.subscription_id]),
            charge=None,
            charged_at=None,
            waits=True,
        )
        for contract in waiting
    ]
