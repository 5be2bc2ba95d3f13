"""Whoever writes: nobody has a license that isn't counted, and paid for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from licensing.models import LicenseAssignment
from licensing.services.assigning import give_to
from licensing.services.counters import recount
from selfservice.accounts.models import Organization, User, ids
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.concurrency.racing import failures, race
from tests.factories.accounts import make_people
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription

pytestmark = pytest.mark.django_db
REFUSED = "more people have a license"
INSERT = """
INSERT INTO licensing_licenseassignment
    (id, organization_id, subscription_id, product_id, purchaser_id, user_id,
     assigned_at)
SELECT gen_random_uuid(), s.organization_id, s.id, product_id, s.purchaser_id,
    person, now()
FROM subscriptions_subscription s, unnest(%s::uuid[]) person WHERE s.id = %s
"""


def insert(subscription: Subscription, people: Iterable[User]) -> None:
    """Somebody else's program, which knows nothing of a counter."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [list(ids(people)), subscription.pk])


@contextmanager
def committed() -> Iterator[None]:
    """What the database looks at when a transaction commits, it looks at now."""
    with transaction.atomic(), connection.cursor() as cursor:
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def looked_at_early() -> Iterator[None]:
    """A transaction that asks for every constraint after each statement."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        yield


def uncounted() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('licensing.uncounted', true)")
        return str(cursor.fetchone()[0] or "")


@pytest.fixture
def five(anna: User, noordzee: Organization) -> Subscription:
    """Five licenses, three of them given out."""
    subscription = make_subscription(anna, quantity=5)
    with committed():
        give_licenses(subscription, make_people(noordzee, 3))
    return subscription


def test_rows_that_are_not_counted_are_refused(
    five: Subscription, noordzee: Organization
) -> None:
    with pytest.raises(IntegrityError, match=REFUSED), committed():
        insert(five, make_people(noordzee, 1))

    assert LicenseAssignment.objects.count() == 3


def test_counted_rows_are_taken_up_to_what_was_bought(
    five: Subscription, noordzee: Organization
) -> None:
    rows = Subscription.objects.filter(pk=five.pk)
    with committed():
        insert(five, make_people(noordzee, 2))
        rows.update(assigned=F("assigned") + 2)

    with (
        pytest.raises(IntegrityError, match="subscription_assigned_within_quantity"),
        transaction.atomic(),
    ):
        rows.update(assigned=F("assigned") + 1)


@pytest.mark.parametrize("column", ["ended_at", "suspended_at"])
def test_what_ended_does_not_come_back_uncounted(
    five: Subscription, column: str
) -> None:
    rows = LicenseAssignment.objects.filter(subscription=five)
    with committed():
        rows.update(**{column: clock.now()})
        Subscription.objects.filter(pk=five.pk).update(assigned=0)

    with pytest.raises(IntegrityError, match=REFUSED), committed():
        rows.update(**{column: None})


def test_rows_moved_to_another_subscription_are_counted_there(
    five: Subscription,
) -> None:
    other = make_subscription(five.purchaser, five.product, quantity=5)

    with pytest.raises(IntegrityError, match=REFUSED), committed():
        LicenseAssignment.objects.filter(subscription=five).update(subscription=other)


def test_the_counter_is_never_less_than_the_people(five: Subscription) -> None:
    rows = Subscription.objects.filter(pk=five.pk)

    with pytest.raises(IntegrityError, match=REFUSED), committed():
        rows.update(assigned=2)

    # Too much is no license too many; it is counted again at night.
    with committed():
        rows.update(assigned=5)
    with committed():
        recount(five.organization_id, five.pk)
    five.refresh_from_db()
    assert five.assigned == 3


def test_what_a_savepoint_took_back_does_not_count(
    five: Subscription, noordzee: Organization
) -> None:
    one, other = make_people(noordzee, 2)
    with committed():
        with transaction.atomic():
            insert(five, [one])
            transaction.set_rollback(True)
        insert(five, [other])
        Subscription.objects.filter(pk=five.pk).update(assigned=4)

    assert LicenseAssignment.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_rows_that_are_looked_at_early_are_refused_too(
    five: Subscription, noordzee: Organization
) -> None:
    people = make_people(noordzee, 1)

    with pytest.raises(IntegrityError, match=REFUSED), looked_at_early():
        insert(five, people)

    assert LicenseAssignment.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_counter_that_is_looked_at_early_is_never_less_than_the_people(
    five: Subscription,
) -> None:
    with pytest.raises(IntegrityError, match=REFUSED), looked_at_early():
        Subscription.objects.filter(pk=five.pk).update(assigned=2)

    with looked_at_early():
        Subscription.objects.filter(pk=five.pk).update(assigned=4)


@pytest.mark.django_db(transaction=True)
def test_two_programs_at_the_same_moment_add_no_more_than_is_counted(
    five: Subscription, noordzee: Organization
) -> None:
    Subscription.objects.filter(pk=five.pk).update(assigned=4)
    calls: list[Callable[[], None]] = [
        lambda person=person: insert(five, [person])
        for person in make_people(noordzee, 6)
    ]

    refused = failures(race(calls))

    assert len(refused) == 5
    assert {type(error) for error in refused} == {IntegrityError}
    assert LicenseAssignment.objects.count() == 4


def test_the_portal_leaves_nothing_to_be_counted(
    five: Subscription, noordzee: Organization
) -> None:
    # Counting is what a million licenses would have to wait for.
    with transaction.atomic():
        give_to(
            actor=five.purchaser,
            purchaser=five.purchaser,
            product_id=five.product_id,
            people=ids(make_people(noordzee, 2)),
            careful=False,
        )
        assert uncounted() == ""
        insert(five, make_people(noordzee, 1))
        assert str(five.pk) in uncounted()
        transaction.set_rollback(True)
    assert uncounted() == ""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE subscriptions_subscription SET assigned = 6 WHERE id = %s",
        "UPDATE subscriptions_subscription SET quantity = 4, assigned = 5"
        " WHERE id = %s",
        "UPDATE subscriptions_subscription SET assigned = 3, scheduled_quantity = 2"
        " WHERE id = %s",
        "UPDATE subscriptions_subscription SET assigned = -1 WHERE id = %s",
    ],
)
def test_raw_sql_that_assigns_too_many_is_refused(anna: User, statement: str) -> None:
    subscription = make_subscription(anna, quantity=5)

    with (
        pytest.raises(IntegrityError, match="subscription_"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [subscription.pk])


def test_raw_sql_that_gives_one_person_two_licenses_is_refused(
    five: Subscription, bram: User
) -> None:
    with pytest.raises(IntegrityError, match="licenseassignment_one_live_per_person"):
        insert(five, [bram, bram])
