"""Asking Stripe to end a subscription with its term, or to let it go on.

Below `contract`, because an order that is confirmed after its purchaser has left
must not be renewed either.
"""

from __future__ import annotations

import datetime as dt

from billing.gateway import Feedback
from billing.models import StripeOperation
from billing.models.stripe import UNSETTLED
from billing.services import operations
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.log import log

KIND = "subscription.recurring"
TRANSFER = "subscription.transfer"


def begin_ending(
    locked: Subscription,
    feedback: Feedback | None,
    comment: str,
    *,
    for_worker: bool = False,
) -> StripeOperation:
    """End it with the term; what waits for the renewal never comes.

    In the caller's transaction, which has locked the row.
    """
    return begin_recurring(
        locked,
        at=ends_without_renewal(locked).isoformat(),
        feedback=feedback,
        comment=comment,
        for_worker=for_worker,
    )


def begin_recurring(
    locked: Subscription,
    *,
    at: str,
    feedback: Feedback | None,
    comment: str,
    for_worker: bool = False,
) -> StripeOperation:
    """End it at the instant `at`, or never when that is empty.

    In the caller's transaction, which has locked the row and counted the change.
    """
    return operations.begin(
        kind=KIND,
        key=f"recurring-{locked.pk}-{locked.change_number}",
        organization_id=locked.organization_id,
        subject_id=locked.pk,
        arguments={
            "at": at,
            "feedback": feedback,
            "comment": comment,
        },
        for_worker=for_worker,
    )


def ends_without_renewal(subscription: Subscription) -> dt.datetime:
    """When it is over unless it is renewed: with its trial, else with its term."""
    trial_end, term_end = subscription.trial_end, subscription.term_end
    if trial_end is not None and trial_end > clock.now():
        return trial_end
    if term_end is None:
        raise ValueError("A confirmed subscription has a term.")
    return term_end


def has_left(subscription: Subscription) -> bool:
    """Whether its purchaser can't sign in any more: disabled, or removed.

    Read anew: the row is locked, and whoever disables somebody locks what they
    bought, too, before they commit.
    """
    people = User.objects.filter(
        organization_id=subscription.organization_id, pk=subscription.purchaser_id
    )
    return not people.filter(is_active=True, removed_at=None).exists()


def stop_renewal(locked: Subscription) -> None:
    """Turn recurring billing off, because the purchaser has left.

    In the caller's transaction, which has locked the row and saves it; the worker
    tells Stripe.
    """
    locked.change_number += 1
    begin_ending(locked, None, "", for_worker=True)
    log(locked, "purchaser_left", by=None)


def is_ending(subscription: Subscription) -> bool:
    """Whether Stripe is being asked already to end it with its term."""
    asked = StripeOperation.objects.filter(
        organization_id=subscription.organization_id,
        subject_id=subscription.pk,
        kind=KIND,
        state__in=UNSETTLED,
    )
    return asked.exclude(arguments__at="").exists()


def is_handed_over(subscription: Subscription) -> bool:
    """Whether it is on its way to another purchaser, and Stripe's word isn't final."""
    return operations.unsettled(
        organization_id=subscription.organization_id,
        subject_id=subscription.pk,
        kind=TRANSFER,
    )
