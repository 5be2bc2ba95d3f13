"""Telling Stripe how many licenses a trial will be paid for.

That is what the purchaser wants, or as many as people hold when that is more. So
every license that is given or taken back during a trial may change it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from billing.models import StripeOperation
from billing.services import operations
from selfservice.core import clock
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services.contract import locked_subscription

KIND = "subscription.trial_count"
CONVERT = "subscription.trial_convert"


def begin_trial_count(
    locked: Subscription, *, for_worker: bool = False
) -> StripeOperation:
    """Begin telling it; the caller has locked the row, and saves it."""
    locked.change_number += 1
    return operations.begin(
        kind=KIND,
        key=f"trial-count-{locked.pk}-{locked.change_number}",
        organization_id=locked.organization_id,
        subject_id=locked.pk,
        for_worker=for_worker,
    )


def follow_assigned(
    organization_id: uuid.UUID, subscription_ids: Collection[uuid.UUID]
) -> None:
    """Licenses of these were given or taken back; in the caller's transaction.

    While the number is being told, or paid for, nothing is begun: whatever settles that
    looks at the number again.
    """
    trials = Subscription.objects.filter(
        organization_id=organization_id,
        pk__in=subscription_ids,
        order_state=OrderState.CONFIRMED,
        quantity_after_trial__isnull=False,
        trial_end__gt=clock.now(),
    ).values_list("pk", flat=True)
    for pk in trials:
        locked = locked_subscription(organization_id, pk)
        if not any(_under_way(locked, kind) for kind in (KIND, CONVERT)):
            tell_if_changed(locked)


def tell_if_changed(locked: Subscription) -> None:
    """Begin telling it, when Stripe knows another number of a running trial."""
    if locked.is_trial and locked.stripe_quantity != locked.paid_quantity:
        begin_trial_count(locked, for_worker=True)
        locked.save(update_fields=["change_number"])


def tell_again() -> int:
    """Begin telling what Stripe should know and doesn't; how many trials.

    For a number that Stripe refused once. May run twice, or not at all for a week.
    """
    told = Subscription.objects.filter(
        order_state=OrderState.CONFIRMED,
        quantity_after_trial__isnull=False,
        trial_end__gt=clock.now(),
    )
    wanted = Greatest(F("quantity_after_trial"), F("assigned"))
    wrong = told.exclude(stripe_quantity=wanted).values_list("organization_id", "pk")
    for organization_id, pk in list(wrong):
        with transaction.atomic(durable=True):
            follow_assigned(organization_id, [pk])
    return len(wrong)


def _under_way(subscription: Subscription, kind: str) -> bool:
    return operations.unsettled(
        organization_id=subscription.organization_id,
        subject_id=subscription.pk,
        kind=kind,
    )
