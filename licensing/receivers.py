"""What licensing does when other rooms tell it something."""

from __future__ import annotations

from contextlib import suppress

from licensing.services.assigning import assign_from, end_licenses_of, hand_over
from licensing.services.refusals import CannotAssign
from licensing.services.suspending import SUSPEND_JOB, give_back, lock_returning
from selfservice.core import hooks, jobs
from selfservice.subscriptions.models import Subscription


def register_all() -> None:
    """Listen to what lower rooms send."""
    hooks.subscription_paid.register(license_after_order)
    # Assignments are locked before subscriptions, here as everywhere.
    hooks.people_lost.register(free_licenses, first=True)
    hooks.subscription_handed_over.register(hand_over_licenses)
    hooks.subscription_resuming.register(lock_holders)
    hooks.subscription_resumed.register(return_licenses)
    hooks.access_ended.register(suspend_soon)


def license_after_order(paid: hooks.SubscriptionPaid) -> None:
    """Give the buyer the license they asked for at Checkout.

    Whoever can't have one goes without: what is paid stays paid, and the licenses
    are there to assign.
    """
    if not paid.assign_to:
        return
    subscription = Subscription.objects.select_related("purchaser").get(
        organization_id=paid.organization_id, pk=paid.subscription_id
    )
    with suppress(CannotAssign):
        assign_from(subscription=subscription, people=paid.assign_to)


def free_licenses(lost: hooks.PeopleLost) -> None:
    """Whoever was disabled or removed holds nothing any more, at once."""
    end_licenses_of(lost.organization_id, lost.user_ids)


def hand_over_licenses(handed: hooks.SubscriptionHandedOver) -> None:
    """People keep what they have; from now on it is the receiver's to give."""
    hand_over(handed.organization_id, handed.subscription_id, handed.receiver_id)


def lock_holders(resumes: hooks.SubscriptionResumes) -> None:
    """Nobody gets another license, or loses theirs, while it comes back."""
    lock_returning(resumes.organization_id, resumes.subscription_id, resumes.people)


def return_licenses(resumes: hooks.SubscriptionResumes) -> None:
    """Whoever's license was suspended has it again."""
    give_back(resumes.organization_id, resumes.subscription_id)


def suspend_soon(ended: hooks.AccessEnded) -> None:
    """The worker suspends what nobody can use any more, when this is committed."""
    jobs.enqueue(
        SUSPEND_JOB,
        organization_id=str(ended.organization_id),
        subscription_id=str(ended.subscription_id),
    )
