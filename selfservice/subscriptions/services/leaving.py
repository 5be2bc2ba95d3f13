"""A purchaser who leaves: what they bought runs out, and isn't renewed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db.models import Q

from selfservice.core import clock
from selfservice.subscriptions import lifecycle, mails_to_admins
from selfservice.subscriptions.models import (
    ContractState,
    NextContract,
    OrderState,
    Subscription,
)
from selfservice.subscriptions.services import next_contract
from selfservice.subscriptions.services.contract import begin_drop
from selfservice.subscriptions.services.ending import CANCELLABLE
from selfservice.subscriptions.services.recurring import (
    is_ending,
    is_handed_over,
    stop_renewal,
)


def stop_renewals_of(organization_id: uuid.UUID, people: Sequence[uuid.UUID]) -> int:
    """Turn recurring billing off for all that these people bought; how many.

    The admins get a mail with all that runs. Orders that wait for their bank are
    dropped; one whose answer isn't here yet is seen to when it comes. In the caller's
    transaction, which has locked the people; the worker tells Stripe. What an
    organization wants to keep it hands to somebody else before the term ends.
    """
    now = clock.now()
    theirs = _locked_of(organization_id, people)
    for waiting in theirs:
        if waiting.order_state == OrderState.PENDING:
            begin_drop(waiting)
    _drop_next(organization_id, theirs)
    running = [s for s in theirs if lifecycle.state_at(s, now) in CANCELLABLE]
    renewing = [subscription for subscription in running if _renews(subscription)]
    for subscription in renewing:
        stop_renewal(subscription)
        subscription.save()
    mails_to_admins.purchasers_left(organization_id, running)
    return len(renewing)


def _drop_next(organization_id: uuid.UUID, theirs: list[Subscription]) -> None:
    """New terms that wait for the bank never begin."""
    waiting = NextContract.objects.filter(
        organization_id=organization_id,
        subscription__in=theirs,
        state=ContractState.WAITING,
    ).exclude(stripe_subscription_id="")
    for contract in waiting.select_related("subscription"):
        next_contract.begin_drop(contract.subscription, contract)


def _renews(subscription: Subscription) -> bool:
    """Whether it is renewed, and isn't to be stopped or somebody else's already."""
    return subscription.recurring_billing and not (
        is_ending(subscription) or is_handed_over(subscription)
    )


def _locked_of(
    organization_id: uuid.UUID, people: Sequence[uuid.UUID]
) -> list[Subscription]:
    """Their orders that wait and what isn't over.

    Also what is to end anyway: whoever turns it on at this moment commits before we
    read it, or finds them gone.
    """
    waiting = Q(order_state=OrderState.PENDING)
    running = Q(
        order_state=OrderState.CONFIRMED,
        disabled_at=None,
        term_end__gt=clock.now() - lifecycle.RENEWAL_GRACE,
    )
    resuming = NextContract.objects.filter(
        organization_id=organization_id, state=ContractState.WAITING
    )
    waiting |= Q(pk__in=resuming.values("subscription_id"))
    rows = Subscription.objects.select_for_update(no_key=True, of=("self",))
    return list(
        rows.select_related("plan", "product", "price")
        .filter(
            waiting | running, organization_id=organization_id, purchaser_id__in=people
        )
        .order_by("pk")
    )
