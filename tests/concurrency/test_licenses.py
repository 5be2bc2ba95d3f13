"""Nobody gets a license that isn't there, however many ask at once."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q

from licensing.models import LicenseAssignment
from licensing.services import assigning
from licensing.services.assigning import assign_licenses, unassign_licenses
from licensing.services.refusals import CannotAssign
from selfservice.accounts.models import Organization, User
from selfservice.core import clock, hooks
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from tests.concurrency.racing import PATIENCE, failures, meanwhile, race
from tests.factories.accounts import make_people
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription

pytestmark = pytest.mark.django_db(transaction=True)

Call = Callable[[], Any]


def assigner(subscription: Subscription, *people: User) -> Call:
    return partial(
        assign_licenses,
        actor=subscription.purchaser,
        purchaser=subscription.purchaser,
        product_id=subscription.product_id,
        people=[person.pk for person in people],
    )


def unassigner(subscription: Subscription, *people: User) -> Call:
    return partial(
        unassign_licenses,
        actor=subscription.purchaser,
        purchaser=subscription.purchaser,
        product_id=subscription.product_id,
        people=[person.pk for person in people],
    )


def disabler(person: User) -> Call:
    """What the directory import does, in its order."""

    def disable() -> None:
        with transaction.atomic():
            User.objects.filter(pk=person.pk).update(is_active=False)
            hooks.people_lost.send(
                hooks.PeopleLost(person.organization_id, (person.pk,))
            )

    return disable


def shrinker(subscription: Subscription, quantity: int) -> Call:
    """Somebody else's program, which knows nothing of ours."""

    def shrink() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE subscriptions_subscription SET quantity = %s WHERE id = %s",
                [quantity, subscription.pk],
            )

    return shrink


def canceller(subscription: Subscription) -> Call:
    """A cancel inside the window: disabled from this moment."""
    rows = Subscription.objects.filter(pk=subscription.pk)
    return lambda: rows.update(disabled_at=clock.now())


def live(*subscriptions: Subscription) -> int:
    """How many rows there are, after a look at every counter."""
    rows = LicenseAssignment.objects.filter(ended_at=None, suspended_at=None)
    counted = Counter(rows.values_list("subscription_id", flat=True))
    for subscription in subscriptions:
        subscription.refresh_from_db()
        assert subscription.assigned == counted[subscription.pk]
        assert subscription.assigned <= subscription.quantity
    return rows.count()


def meet_after_reading(monkeypatch: pytest.MonkeyPatch, parties: int) -> None:
    """Let nobody go on before everybody has seen the same free licenses."""
    barrier = threading.Barrier(parties, timeout=PATIENCE)
    read = assigning._open_contracts

    def read_and_wait(*args: Any, locked: bool) -> list[Subscription]:
        found = read(*args, locked=locked)
        if not locked:
            barrier.wait()
        return found

    monkeypatch.setattr(assigning, "_open_contracts", read_and_wait)


def first_time(monkeypatch: pytest.MonkeyPatch, name: str, call: Call) -> None:
    """Run `call` elsewhere, right after the service's step `name`, once."""
    step = getattr(assigning, name)
    todo = [call]

    def step_and_call(*args: Any, **kwargs: Any) -> Any:
        answer = step(*args, **kwargs)
        if todo:
            meanwhile(todo.pop())
        return answer

    monkeypatch.setattr(assigning, name, step_and_call)


def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The people are read as if nobody else were there."""
    queryset = type(User.objects.all())
    monkeypatch.setattr(queryset, "select_for_update", lambda self, **kwargs: self)


def test_of_fifty_who_assign_the_last_license_one_wins(
    monkeypatch: pytest.MonkeyPatch, anna: User, noordzee: Organization
) -> None:
    last = make_subscription(anna, quantity=1)
    people = make_people(noordzee, 50)
    meet_after_reading(monkeypatch, 50)

    outcomes = race([assigner(last, person) for person in people])

    refused = failures(outcomes)
    assert len(refused) == 49
    assert {type(error) for error in refused} == {CannotAssign}
    assert {str(error) for error in refused} == {
        "1 license is missing: you chose 1, 0 available. Take people off, or buy"
        " licenses."
    }
    assert live(last) == 1


@pytest.mark.usefixtures("rows_uncounted")
def test_control_without_the_counter_fifty_get_the_last_license(
    monkeypatch: pytest.MonkeyPatch, anna: User, noordzee: Organization
) -> None:
    # If this fails, the test above no longer makes anybody race.
    last = make_subscription(anna, quantity=1)
    people = make_people(noordzee, 50)
    meet_after_reading(monkeypatch, 50)
    monkeypatch.setattr(assigning, "move_counters", lambda *args: True)

    race([assigner(last, person) for person in people])

    assert live() == 50


def test_the_database_alone_stops_whoever_does_not_count(
    monkeypatch: pytest.MonkeyPatch, anna: User, noordzee: Organization
) -> None:
    last = make_subscription(anna, quantity=1)
    meet_after_reading(monkeypatch, 8)
    monkeypatch.setattr(assigning, "move_counters", lambda *args: True)

    outcomes = race([assigner(last, person) for person in make_people(noordzee, 8)])

    assert {type(error) for error in failures(outcomes)} == {IntegrityError}
    assert live(last) == 0


def test_whoever_is_overtaken_gets_licenses_of_another_subscription(
    monkeypatch: pytest.MonkeyPatch, anna: User, noordzee: Organization
) -> None:
    one = make_subscription(anna, quantity=5)
    other = make_subscription(anna, one.product, quantity=5)
    people = make_people(noordzee, 10)
    meet_after_reading(monkeypatch, 2)

    outcomes = race([assigner(one, *people[:5]), assigner(one, *people[5:])])

    assert failures(outcomes) == []
    assert live(one, other) == 10


def test_the_same_person_at_the_same_moment_gets_one_license(
    anna: User, bram: User
) -> None:
    subscription = make_subscription(anna, quantity=10)

    outcomes = race([assigner(subscription, bram)] * 8)

    names = {str(error.refusals[0]) for error in failures(outcomes)}
    assert len(failures(outcomes)) == 7
    assert names == {"Bram Visser already has a license."}
    assert live(subscription) == 1


def test_the_index_alone_stops_a_second_license(
    monkeypatch: pytest.MonkeyPatch, anna: User, bram: User
) -> None:
    subscription = make_subscription(anna, quantity=10)
    without_locks(monkeypatch)
    meet_after_reading(monkeypatch, 8)

    outcomes = race([assigner(subscription, bram)] * 8)

    assert len(failures(outcomes)) == 7
    assert {type(error) for error in failures(outcomes)} == {CannotAssign}
    assert live(subscription) == 1


def test_a_shrink_between_looking_and_taking_wins(
    monkeypatch: pytest.MonkeyPatch, anna: User, bram: User, carla: User
) -> None:
    subscription = make_subscription(anna, quantity=2)
    give_licenses(subscription, [carla])
    first_time(monkeypatch, "_open_contracts", shrinker(subscription, 1))

    with pytest.raises(CannotAssign, match="1 license is missing"):
        assigner(subscription, bram)()

    assert live(subscription) == 1


def test_a_shrink_that_waits_for_an_assignment_is_refused(
    anna: User, bram: User, carla: User
) -> None:
    subscription = make_subscription(anna, quantity=2)
    give_licenses(subscription, [carla])

    outcomes = race([assigner(subscription, bram), shrinker(subscription, 1)])

    (loser,) = failures(outcomes)
    assert isinstance(loser, CannotAssign | IntegrityError)
    assert live(subscription) == subscription.quantity


@pytest.mark.usefixtures("numbers_unchecked")
def test_control_without_limit_and_check_a_shrink_is_overrun(
    monkeypatch: pytest.MonkeyPatch, anna: User, bram: User, carla: User
) -> None:
    subscription = make_subscription(anna, quantity=2)
    give_licenses(subscription, [carla])
    first_time(monkeypatch, "_open_contracts", shrinker(subscription, 1))
    monkeypatch.setattr(assigning, "_LIMIT", F("quantity") + 10)

    assigner(subscription, bram)()

    subscription.refresh_from_db()
    assert (subscription.assigned, subscription.quantity) == (2, 1)


def test_a_cancel_between_looking_and_taking_wins(
    monkeypatch: pytest.MonkeyPatch, anna: User, bram: User
) -> None:
    subscription = make_subscription(anna)
    first_time(monkeypatch, "_open_contracts", canceller(subscription))

    with pytest.raises(CannotAssign, match="none of your subscriptions"):
        assigner(subscription, bram)()

    assert live(subscription) == 0


def test_control_without_the_condition_a_cancelled_one_gives_licenses(
    monkeypatch: pytest.MonkeyPatch, anna: User, bram: User
) -> None:
    subscription = make_subscription(anna)
    first_time(monkeypatch, "_open_contracts", canceller(subscription))
    monkeypatch.setattr(lifecycle, "assignable_at", lambda now: ~Q(pk=None))

    assigner(subscription, bram)()

    assert live(subscription) == 1


def test_nobody_who_is_disabled_at_the_same_moment_keeps_a_license(
    anna: User, noordzee: Organization
) -> None:
    people = make_people(noordzee, 12)
    subscription = make_subscription(anna, quantity=12)
    calls = [
        call
        for person in people
        for call in (assigner(subscription, person), disabler(person))
    ]

    outcomes = race(calls)

    assert {type(error) for error in failures(outcomes)} <= {CannotAssign}
    assert live(subscription) == 0


def test_control_without_the_lock_a_disabled_person_keeps_a_license(
    monkeypatch: pytest.MonkeyPatch, anna: User, bram: User
) -> None:
    subscription = make_subscription(anna)
    without_locks(monkeypatch)
    first_time(monkeypatch, "_admit", disabler(bram))

    assigner(subscription, bram)()

    assert live(subscription) == 1


def test_whoever_gets_one_of_the_receivers_during_a_handover_keeps_that(
    anna: User, bram: User, carla: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = make_subscription(anna)
    theirs = make_subscription(carla, handed.product)
    give_licenses(handed, [bram])
    first_time(monkeypatch, "_end", assigner(theirs, bram))

    with transaction.atomic():
        assigning.hand_over(handed.organization_id, handed.pk, carla.pk)

    assert live(handed, theirs) == 1
    assert LicenseAssignment.objects.get(ended_at=None).subscription == theirs


def test_assigning_and_taking_back_in_all_directions_never_deadlocks(
    anna: User, noordzee: Organization
) -> None:
    people = make_people(noordzee, 12)
    one = make_subscription(anna, quantity=4)
    other = make_subscription(anna, one.product, quantity=4)

    def busy(mine: Sequence[User]) -> None:
        for turn in range(10):
            group = [*mine[turn % 3 :], *mine[: turn % 3]]
            try:
                assigner(one, *group)()
            except CannotAssign:
                unassigner(one, *reversed(people[turn % 4 :]))()

    outcomes = race(
        [partial(busy, people[start : start + 6]) for start in (0, 2, 4, 6) * 2]
    )

    assert failures(outcomes) == []
    assert live(one, other) <= 8
