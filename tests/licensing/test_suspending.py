"""Licenses of what is disabled, and who has theirs again when it is reactivated."""

from __future__ import annotations

import pytest
import stripe
from procrastinate.contrib.django.models import ProcrastinateJob

from billing.models import PaymentMethod
from licensing.models import LicenseAssignment
from licensing.queries import miscounted, own_licenses
from licensing.services.assigning import assign_licenses, end_licenses_of
from licensing.services.ending import end_deleted
from licensing.services.refusals import CannotAssign
from licensing.services.suspending import suspend_all, suspend_disabled
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.factories.accounts import make_user
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *
from tests.subscriptions.changing import DAY
from tests.subscriptions.reactivating import *
from tests.subscriptions.reactivating import Pane, cancel_at_once

pytestmark = [pytest.mark.django_db(transaction=True)]


def make_disabled(purchaser: User, people: list[User]) -> Subscription:
    """Canceled a day ago, with people who had a license."""
    made = make_subscription(purchaser, stripe_subscription_id="")
    give_licenses(made, people)
    made.disabled_at = clock.now() - DAY
    made.recurring_billing = False
    made.save()
    return made


def suspended(subscription: Subscription) -> int:
    rows = LicenseAssignment.objects.filter(subscription=subscription, ended_at=None)
    return rows.exclude(suspended_at=None).count()


def assigned(subscription: Subscription) -> int:
    subscription.refresh_from_db()
    assert miscounted() == []
    return subscription.assigned


def test_what_is_disabled_has_its_licenses_suspended(anna: User, bram: User) -> None:
    disabled = make_disabled(anna, [anna, bram])
    give_licenses(make_subscription(anna), [anna])

    assert suspend_disabled() == 2

    assert (suspended(disabled), assigned(disabled)) == (2, 0)
    assert suspend_disabled() == 0


@pytest.mark.parametrize("days", [1, 29], ids=["expired", "just before disabled"])
def test_what_has_expired_keeps_them(days: int, anna: User, bram: User) -> None:
    made = make_subscription(anna, stripe_subscription_id="")
    give_licenses(made, [bram])
    made.recurring_billing = False
    made.term_end = clock.now() - days * DAY
    made.save()

    assert suspend_disabled() == suspend_all(made.organization_id, made.pk) == 0
    assert assigned(made) == 1
    assert len(own_licenses(bram, clock.now())[0]) == 1


def test_whoever_is_suspended_can_get_another_license(anna: User, bram: User) -> None:
    disabled = make_disabled(anna, [bram])
    other = make_subscription(anna, disabled.product, quantity=1)
    with pytest.raises(CannotAssign):
        assign_licenses(
            actor=anna, purchaser=anna, product_id=other.product_id, people=[bram.pk]
        )

    suspend_disabled()
    assign_licenses(
        actor=anna, purchaser=anna, product_id=other.product_id, people=[bram.pk]
    )

    assert (assigned(disabled), assigned(other)) == (0, 1)


def test_suspended_ones_end_with_the_subscription(anna: User, bram: User) -> None:
    disabled = make_disabled(anna, [bram])
    suspend_disabled()
    Subscription.objects.update(disabled_at=clock.now() - 91 * DAY)

    assert end_deleted() == 1

    assert (suspended(disabled), assigned(disabled)) == (0, 0)


@pytest.fixture
def team(anna: User) -> list[User]:
    return [make_person(anna, name) for name in ("Cees", "Dora", "Elif")]


def make_person(anna: User, name: str) -> User:
    return make_user(anna.organization, name)


@pytest.mark.sandbox_only
def test_they_come_back_but_for_those_who_have_another(
    pane: Pane, anna: User, team: list[User], visa: PaymentMethod
) -> None:
    cees, dora, elif_ = team
    give_licenses(pane.row, team)
    cancel_at_once(pane)
    suspend_disabled()
    assert assigned(pane.row) == 0
    other = make_subscription(anna, pane.row.product, profile=pane.row.profile)
    give_licenses(other, [dora])
    end_licenses_of(anna.organization_id, [elif_.pk])

    shown = pane.look()
    status, page = pane.press(visa)

    assert status == 200
    assert "They have a license then: Anna de Vries, Cees." in shown
    assert "They have another license by now and keep that one: Dora." in shown
    assert "No license came back for those who have another: Dora." in page
    holders = LicenseAssignment.objects.filter(
        subscription=pane.row, ended_at=None, suspended_at=None
    )
    assert {row.user_id for row in holders} == {anna.pk, cees.pk}
    assert (suspended(pane.row), assigned(pane.row), assigned(other)) == (0, 2, 1)


@pytest.mark.sandbox_only
def test_reactivated_before_the_worker_came_all_keep_theirs(
    pane: Pane, team: list[User], stripe_client: stripe.StripeClient
) -> None:
    give_licenses(pane.row, team)
    cancel_at_once(pane)

    pane.press()

    assert suspend_disabled() == 0
    assert (suspended(pane.row), assigned(pane.row)) == (0, 4)


@pytest.mark.sandbox_only
def test_cancelling_at_once_queues_the_suspension(pane: Pane) -> None:
    cancel_at_once(pane)

    jobs = ProcrastinateJob.objects.filter(task_name="licensing.suspend")
    assert str(pane.row.pk) in [job.args["subscription_id"] for job in jobs]
