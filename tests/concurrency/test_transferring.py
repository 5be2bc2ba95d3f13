"""Licenses are given out while their subscription is handed over."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from licensing.models import LicenseAssignment
from licensing.services import assigning
from selfservice.accounts.models import User
from selfservice.core import hooks
from selfservice.subscriptions.models import Subscription
from tests.cast import *
from tests.concurrency.racing import meanwhile
from tests.factories.accounts import make_user
from tests.factories.subscriptions import make_profile, make_subscription

pytestmark = pytest.mark.django_db(transaction=True)


def hand_over(subscription: Subscription, receiver: User) -> None:
    """What the applied answer does here, in the order of its locks."""
    handed = hooks.SubscriptionHandedOver(
        subscription.organization_id, subscription.pk, receiver.pk
    )
    with transaction.atomic():
        hooks.subscription_handed_over.send(handed)
        row = Subscription.objects.select_for_update(no_key=True).get(
            pk=subscription.pk
        )
        hooks.subscription_handed_over.send(handed)
        row.refresh_from_db()
        row.purchaser = receiver
        row.save()


def give(giver: User, subscription: Subscription, person: User) -> None:
    assigning.assign_licenses(
        actor=giver,
        purchaser=giver,
        product_id=subscription.product_id,
        people=[person.pk],
    )


def test_what_is_given_out_at_that_moment_is_the_receivers_or_refused(
    anna: User, bram: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_profile(bram)
    subscription = make_subscription(anna)
    person = make_user(anna.organization)
    write = assigning.move_counters
    raced: list[bool] = []

    def handed_over_first(*args: Any) -> bool:
        """It is another's now, and the license is written, but not yet counted."""
        if not raced:
            raced.append(True)
            assert meanwhile(lambda: hand_over(subscription, bram)) is None
        return write(*args)

    monkeypatch.setattr(assigning, "move_counters", handed_over_first)

    with pytest.raises(assigning.refusals.CannotAssign):
        give(anna, subscription, person)

    subscription.refresh_from_db()
    assert (subscription.purchaser, subscription.assigned) == (bram, 0)
    assert not LicenseAssignment.objects.filter(ended_at=None).exists()


def test_what_was_given_out_before_goes_along(anna: User, bram: User) -> None:
    make_profile(bram)
    subscription = make_subscription(anna)
    person = make_user(anna.organization)
    give(anna, subscription, person)

    hand_over(subscription, bram)

    live = LicenseAssignment.objects.get(ended_at=None)
    assert (live.purchaser, live.user) == (bram, person)
