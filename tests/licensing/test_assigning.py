import datetime as dt

import pytest
import time_machine
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from licensing.models import LicenseAssignment
from licensing.services.assigning import assign_licenses, unassign_licenses
from licensing.services.refusals import CannotAssign
from selfservice.accounts.models import Organization, User, ids
from selfservice.activity.models import Activity
from selfservice.core import clock
from selfservice.core.dates import add_months
from selfservice.subscriptions.models import OrderState, Subscription
from tests.factories.accounts import make_people, make_user
from tests.factories.catalog import make_offer
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription


@pytest.fixture
def planboard(anna: User) -> Subscription:
    return make_subscription(
        anna, quantity=5, offer=make_offer(name="Planboard Plus", slug="planboard")
    )


def assign(subscription: Subscription, *people: User) -> list[LicenseAssignment]:
    return assign_licenses(
        actor=subscription.purchaser,
        purchaser=subscription.purchaser,
        product_id=subscription.product_id,
        people=ids(people),
    )


def refusal_of(subscription: Subscription, *people: User) -> CannotAssign:
    with pytest.raises(CannotAssign) as caught:
        assign(subscription, *people)
    subscription.refresh_from_db()
    assert subscription.assigned == live(subscription)
    return caught.value


def live(subscription: Subscription) -> int:
    return LicenseAssignment.objects.filter(
        subscription=subscription, ended_at=None, suspended_at=None
    ).count()


def test_assigning_gives_each_person_a_license_and_counts_it(
    planboard: Subscription, anna: User, bram: User, carla: User
) -> None:
    rows = assign(planboard, bram, carla)

    planboard.refresh_from_db()
    assert [row.user for row in rows] == [bram, carla]
    assert {row.assigned_by for row in rows} == {anna}
    assert (planboard.assigned, planboard.available) == (2, 3)


def test_assigning_is_logged_once_with_count_and_people(
    planboard: Subscription, anna: User, bram: User, carla: User
) -> None:
    assign(planboard, bram, carla)

    entry = Activity.objects.get(verb="licenses_assigned")
    assert (entry.actor_id, entry.subject_id) == (anna.pk, planboard.pk)
    assert entry.after == {"count": 2, "people": f"{bram.pk} {carla.pk}"}


def test_the_same_person_twice_in_one_list_gets_one_license(
    planboard: Subscription, bram: User
) -> None:
    assign(planboard, bram, bram)

    assert live(planboard) == 1


def test_licenses_come_from_the_subscription_that_lasts_longest(
    anna: User, noordzee: Organization
) -> None:
    start = clock.now()
    soon = make_subscription(anna, quantity=2, term_start=add_months(start, -6))
    late = make_subscription(anna, soon.product, quantity=2, term_start=start)

    assign(soon, *make_people(noordzee, 3))

    assert (live(late), live(soon)) == (2, 1)


def test_everybody_who_cannot_get_one_is_named_and_nobody_gets_any(
    planboard: Subscription, noordzee: Organization, bram: User
) -> None:
    give_licenses(planboard, [bram])
    people = [
        bram,
        make_user(noordzee, "Gast Jansen", is_guest=True),
        make_user(noordzee, "Dolf Uit", is_active=False),
        make_user(noordzee, "Wim Weg", removed_at=clock.now()),
        make_user(noordzee, "Lies Loos", usage_location=""),
        make_user(noordzee, "Goed Gekozen"),
    ]

    error = refusal_of(planboard, *people)

    assert str(error).startswith("Nobody got a license, because 5 of the 6 people")
    assert [str(refusal) for refusal in error.refusals] == [
        "Bram Visser already has a license.",
        "Gast Jansen is a guest. Guests can't get licenses.",
        "Dolf Uit can't sign in: the account is disabled.",
        "Wim Weg is no longer in your organization's directory.",
        "Lies Loos has no usage location. Ask your admin to fill it in.",
    ]
    assert live(planboard) == 1


def test_somebody_of_another_organization_is_refused_without_a_name(
    planboard: Subscription, dirk: User
) -> None:
    error = refusal_of(planboard, dirk)

    assert [str(r) for r in error.refusals] == [
        "Somebody you chose isn't in your organization."
    ]


def test_a_21st_person_is_refused(
    planboard: Subscription, noordzee: Organization
) -> None:
    error = refusal_of(planboard, *make_people(noordzee, 21))

    assert str(error) == (
        "You can assign up to 20 licenses at a time. You chose 21 people:"
        " take 1 person off and assign again."
    )


def test_nobody_is_refused(planboard: Subscription) -> None:
    assert str(refusal_of(planboard)) == "Choose at least one person."


def test_too_few_licenses_are_counted(
    planboard: Subscription, noordzee: Organization
) -> None:
    error = refusal_of(planboard, *make_people(noordzee, 7))

    assert error.missing == 2
    assert str(error).startswith("2 licenses are missing: you chose 7, 5 available.")


def test_licenses_that_go_away_at_renewal_are_not_given(
    planboard: Subscription, noordzee: Organization
) -> None:
    planboard.scheduled_quantity = 3
    planboard.save()

    error = refusal_of(planboard, *make_people(noordzee, 4))

    assert error.missing == 1
    assert "2 licenses go away at renewal" in str(error)


@pytest.mark.parametrize(
    "changes",
    [
        {"disabled_at": clock.now() - dt.timedelta(days=1)},
        {"order_state": OrderState.PENDING},
        {"order_state": OrderState.DECLINED},
        {"term_end": clock.now() - dt.timedelta(days=4)},
    ],
    ids=["disabled", "pending", "declined", "expired"],
)
def test_only_active_subscriptions_give_licenses(
    planboard: Subscription, bram: User, changes: dict[str, object]
) -> None:
    Subscription.objects.filter(pk=planboard.pk).update(**changes)

    assert "none of your subscriptions" in str(refusal_of(planboard, bram))


def test_past_due_subscriptions_still_give_licenses(
    planboard: Subscription, bram: User
) -> None:
    Subscription.objects.filter(pk=planboard.pk).update(past_due_since=clock.now())

    assign(planboard, bram)

    assert live(planboard) == 1


def test_another_purchasers_licenses_are_not_touched(
    planboard: Subscription, bram: User, carla: User
) -> None:
    theirs = make_subscription(carla, planboard.product, quantity=1)

    assign(planboard, bram)
    assign(theirs, bram)

    assert (live(planboard), live(theirs)) == (1, 1)


def test_a_license_taken_back_can_be_given_again(
    planboard: Subscription, anna: User, bram: User
) -> None:
    assign(planboard, bram)

    ended = unassign_licenses(
        actor=anna, purchaser=anna, product_id=planboard.product_id, people=[bram.pk]
    )

    planboard.refresh_from_db()
    assert (ended, planboard.assigned) == (1, 0)
    assert Activity.objects.filter(verb="licenses_unassigned", actor_id=anna.pk).get()
    assert assign(planboard, bram)


def test_taking_back_what_is_gone_changes_nothing(
    planboard: Subscription, anna: User, bram: User, dirk: User
) -> None:
    ended = unassign_licenses(
        actor=anna,
        purchaser=anna,
        product_id=planboard.product_id,
        people=ids([bram, dirk]),
    )

    assert ended == 0
    assert not Activity.objects.exists()


def test_assigning_twenty_takes_at_most_twelve_statements(
    anna: User, noordzee: Organization
) -> None:
    first = make_subscription(anna, quantity=8)
    for _ in range(3):
        make_subscription(anna, first.product, quantity=8)
    people = make_people(noordzee, 20)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        assign(first, *people)

    assert len(queries) <= 12


def test_unassigning_twenty_takes_at_most_twelve_statements(
    anna: User, noordzee: Organization
) -> None:
    subscription = make_subscription(anna, quantity=20)
    people = make_people(noordzee, 20)
    give_licenses(subscription, people)

    with CaptureQueriesContext(connection) as queries:
        unassign_licenses(
            actor=anna,
            purchaser=anna,
            product_id=subscription.product_id,
            people=ids(people),
        )

    assert len(queries) <= 12


def test_raw_sql_cannot_count_more_than_was_bought(planboard: Subscription) -> None:
    with (
        pytest.raises(IntegrityError, match="subscription_assigned_within_quantity"),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE subscriptions_subscription SET assigned = quantity + 1"
            " WHERE id = %s",
            [planboard.pk],
        )


def test_the_database_refuses_a_person_of_another_organization(
    planboard: Subscription, anna: User, dirk: User
) -> None:
    row = LicenseAssignment(
        organization_id=anna.organization_id,
        subscription=planboard,
        product_id=planboard.product_id,
        purchaser=anna,
        user=dirk,
        assigned_at=clock.now(),
    )

    row.save(force_insert=True)

    with pytest.raises(IntegrityError, match="user_within_organization"):
        connection.check_constraints()


@time_machine.travel("2026-11-23T12:00:00Z", tick=False)
def test_the_moment_is_that_of_the_clock(planboard: Subscription, bram: User) -> None:
    (row,) = assign(planboard, bram)

    assert row.assigned_at == dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
