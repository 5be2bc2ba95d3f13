import dataclasses

import pytest
from django.core.management import call_command
from django.test import Client

from licensing.models import LicenseAssignment
from licensing.services.assigning import assign_licenses
from licensing.services.refusals import CannotAssign
from selfservice.accounts.models import User
from selfservice.accounts.services.directory import import_directory
from selfservice.activity.models import Activity
from selfservice.core import clock, hooks
from selfservice.subscriptions.models import Subscription
from tests.factories.directory import directory_file
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


def test_whoever_is_disabled_by_hand_loses_every_license_at_once(
    anna: User, bram: User, client: Client
) -> None:
    subscription = make_subscription(anna)
    give_licenses(subscription, [bram])
    client.force_login(bram)

    call_command("disable_person", bram.upn)

    subscription.refresh_from_db()
    assert subscription.assigned == 0
    assert client.get("/my-licenses/").status_code == 302
    with pytest.raises(CannotAssign, match="No license was assigned"):
        assign_licenses(
            actor=anna,
            purchaser=anna,
            product_id=subscription.product_id,
            people=[bram.pk],
        )


def test_whoever_is_enabled_again_can_be_given_a_license(
    anna: User, bram: User
) -> None:
    subscription = make_subscription(anna)
    call_command("disable_person", bram.upn)
    call_command("disable_person", bram.upn, enable=True)

    give_licenses(subscription, [bram])

    assert subscription.assigned == 1
    verbs = Activity.objects.filter(subject_id=bram.pk).order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == [
        "person_disabled",
        "person_enabled",
    ]


def test_whoever_an_import_disables_or_removes_loses_every_license_at_once(
    anna: User, bram: User, carla: User
) -> None:
    subscription = make_subscription(anna)
    give_licenses(subscription, [anna, bram, carla])
    rows = [
        {"User principal name": person.upn, "Display name": person.display_name}
        for person in (bram, carla)
    ]
    rows[0]["Block credential"] = "True"
    rows[1]["Soft deletion time stamp"] = "2026-03-01 09:00:00Z"

    import_directory(file=directory_file(*rows), organization_name="Noordzee Advies")

    subscription.refresh_from_db()
    assert subscription.assigned == 1
    holders = LicenseAssignment.objects.filter(ended_at=None)
    assert [row.user_id for row in holders] == [anna.pk]
