"""A purchaser who leaves: recurring billing of what they bought goes off."""

from __future__ import annotations

import pytest
from django.db import transaction

from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.core import hooks
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.ending import set_recurring
from tests.subscriptions.changing import *  # noqa: F403  its fixtures
from tests.subscriptions.changing import at_stripe, read, settle

pytestmark = pytest.mark.usefixtures("moving")


def leave(person: User) -> None:
    with transaction.atomic():
        hooks.people_lost.send(hooks.PeopleLost(person.organization_id, (person.pk,)))


def test_what_they_bought_is_not_renewed(
    bought: Subscription, anna: User, stripe_client: object
) -> None:
    leave(anna)
    settle()

    found = read(bought)
    assert found.recurring_billing is False
    assert at_stripe(stripe_client, bought).cancel_at == int(  # type: ignore[arg-type]
        found.term_end.timestamp()  # type: ignore[union-attr]
    )
    assert Activity.objects.filter(verb="purchaser_left").count() == 1


def test_leaving_twice_changes_nothing_more(bought: Subscription, anna: User) -> None:
    for _again in range(2):
        leave(anna)
        settle()

    assert Activity.objects.filter(verb="purchaser_left").count() == 1


def test_what_ends_anyway_stays_as_it_is(bought: Subscription, anna: User) -> None:
    set_recurring(subscription=bought, on=False)
    before = read(bought).change_number

    leave(anna)

    assert read(bought).change_number == before


def test_colleagues_subscriptions_go_on(bought: Subscription, bram: User) -> None:
    leave(bram)
    settle()

    assert read(bought).recurring_billing is True
