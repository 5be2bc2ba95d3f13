import dataclasses

import pytest

from licensing.models import LicenseAssignment
from selfservice.accounts.models import User
from selfservice.core import clock, hooks
from selfservice.subscriptions.models import Subscription
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription


def paid(subscription: Subscription, *people: User) -> hooks.SubscriptionPaid:
    return hooks.SubscriptionPaid(
        subscription.organization_id, subscription.pk, tuple(p.pk for p in people)
    )


def test_a_paid_order_gives_the_buyer_their_license(anna: User) -> None:
    subscription = make_subscription(anna, quantity=2)

    hooks.subscription_paid.send(paid(subscription, anna))

    row = LicenseAssignment.objects.get()
    subscription.refresh_from_db()
    assert (row.user, row.assigned_by, subscription.assigned) == (anna, anna, 1)


def test_an_order_without_a_license_for_the_buyer_gives_none(anna: User) -> None:
    hooks.subscription_paid.send(paid(make_subscription(anna)))

    assert not LicenseAssignment.objects.exists()


@pytest.mark.parametrize(
    "facts", [{"usage_location": ""}, {"is_guest": True}, {"is_active": False}]
)
def test_a_buyer_who_cannot_have_one_does_not_stop_the_payment(
    anna: User, facts: dict[str, object]
) -> None:
    subscription = make_subscription(anna)
    User.objects.filter(pk=anna.pk).update(**facts)

    hooks.subscription_paid.send(paid(subscription, anna))

    assert not LicenseAssignment.objects.exists()


def test_a_buyer_who_has_one_keeps_it_and_gets_no_second(anna: User) -> None:
    first = make_subscription(anna)
    give_licenses(first, [anna])
    second = make_subscription(anna, first.product)

    hooks.subscription_paid.send(paid(second, anna))

    assert LicenseAssignment.objects.get().subscription == first


def test_lost_people_lose_their_licenses_of_every_purchaser(
    anna: User, bram: User, carla: User
) -> None:
    one, other = make_subscription(anna), make_subscription(carla)
    give_licenses(one, [bram, carla])
    give_licenses(other, [bram])

    hooks.people_lost.send(hooks.PeopleLost(anna.organization_id, (bram.pk,)))

    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.assigned, other.assigned) == (1, 0)
    assert not LicenseAssignment.objects.filter(user=bram, ended_at=None).exists()


def test_a_suspended_license_ends_without_being_counted_twice(
    anna: User, bram: User
) -> None:
    subscription = make_subscription(anna)
    give_licenses(subscription, [bram, anna])
    LicenseAssignment.objects.filter(user=bram).update(suspended_at=clock.now())
    Subscription.objects.filter(pk=subscription.pk).update(assigned=1)

    hooks.people_lost.send(hooks.PeopleLost(anna.organization_id, (bram.pk,)))

    subscription.refresh_from_db()
    assert subscription.assigned == 1
    assert LicenseAssignment.objects.get(user=bram).ended_at is not None


def test_another_organizations_people_keep_theirs(anna: User, dirk: User) -> None:
    subscription = make_subscription(dirk)
    give_licenses(subscription, [dirk])
    message = hooks.PeopleLost(dirk.organization_id, (dirk.pk,))

    hooks.people_lost.send(
        dataclasses.replace(message, organization_id=anna.organization_id)
    )

    assert LicenseAssignment.objects.get().ended_at is None
