"""Lists of people done at the same moment: each whole or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from licensing.addresses import Addresses
from licensing.bulk import look_at
from licensing.models import Bulk, BulkList, BulkState
from licensing.services import assigning, bulk
from selfservice.accounts.models import Organization, User
from selfservice.subscriptions.models import Subscription
from tests.concurrency.racing import failures, race
from tests.concurrency.test_licenses import (
    disabler,
    first_time,
    live,
    meet_after_reading,
    shrinker,
)
from tests.factories.accounts import make_people
from tests.factories.subscriptions import make_subscription

pytestmark = pytest.mark.django_db(transaction=True)


def listed(subscription: Subscription, people: list[User]) -> BulkList:
    return bulk.keep_list(
        purchaser=subscription.purchaser,
        product_id=subscription.product_id,
        does=Bulk.ASSIGN,
        addresses=Addresses([], 0, []),
        people=[person.pk for person in people],
    )


def confirming(row: BulkList) -> Callable[[], Any]:
    return partial(bulk.confirm, bulk=row, seal=look_at(row).seal)


def states(*rows: BulkList) -> list[str]:
    for row in rows:
        row.refresh_from_db()
    return sorted(row.state for row in rows)


def test_of_two_lists_for_the_same_licenses_one_is_done(
    monkeypatch: pytest.MonkeyPatch, anna: User, noordzee: Organization
) -> None:
    subscription = make_subscription(anna, quantity=100)
    people = make_people(noordzee, 120)
    one, other = listed(subscription, people[:60]), listed(subscription, people[60:])
    calls = [confirming(one), confirming(other)]
    meet_after_reading(monkeypatch, 2)

    outcomes = race(calls)

    assert failures(outcomes) == []
    assert states(one, other) == [BulkState.DONE, BulkState.DRAFT]
    assert live(subscription) == 60


@pytest.mark.usefixtures("rows_uncounted")
def test_control_without_the_counter_both_lists_are_done(
    monkeypatch: pytest.MonkeyPatch, anna: User, noordzee: Organization
) -> None:
    # If this fails, the test above no longer makes anybody race.
    subscription = make_subscription(anna, quantity=100)
    people = make_people(noordzee, 120)
    one, other = listed(subscription, people[:60]), listed(subscription, people[60:])
    calls = [confirming(one), confirming(other)]
    meet_after_reading(monkeypatch, 2)
    monkeypatch.setattr(assigning, "move_counters", lambda *args: True)

    race(calls)

    assert states(one, other) == [BulkState.DONE, BulkState.DONE]
    assert live() == 120


def test_lists_of_the_same_people_in_another_order_never_deadlock(
    anna: User, noordzee: Organization
) -> None:
    subscription = make_subscription(anna, quantity=300)
    people = make_people(noordzee, 80)
    rows = [
        listed(subscription, people[turn:] + people[:turn]) for turn in range(0, 80, 10)
    ]

    outcomes = race([confirming(row) for row in rows])

    refused = failures(outcomes)
    assert {type(error) for error in refused} <= {bulk.CannotStart}
    assert states(*rows).count(BulkState.DONE) == 1
    assert live(subscription) == 80


def test_one_list_confirmed_by_many_and_done_by_workers_is_done_once(
    anna: User, noordzee: Organization
) -> None:
    subscription = make_subscription(anna, quantity=100)
    row = listed(subscription, make_people(noordzee, 30))
    worker = partial(bulk.carry_out, row.organization_id, row.pk)

    outcomes = race([*[confirming(row)] * 4, *[worker] * 4])

    assert {type(error) for error in failures(outcomes)} <= {bulk.CannotStart}
    assert states(row) == [BulkState.DONE]
    assert live(subscription) == 30


def test_somebody_disabled_meanwhile_stops_the_whole_list(
    monkeypatch: pytest.MonkeyPatch, anna: User, noordzee: Organization
) -> None:
    subscription = make_subscription(anna, quantity=100)
    people = make_people(noordzee, 10)
    row = listed(subscription, people)
    call = confirming(row)
    step = bulk.look_at
    todo = [disabler(people[4])]

    def look_and_disable(given: BulkList) -> Any:
        look = step(given)
        if given.state == BulkState.UNDER_WAY and todo:
            race([todo.pop()])
        return look

    monkeypatch.setattr(bulk, "look_at", look_and_disable)

    call()

    assert states(row) == [BulkState.DRAFT]
    assert row.overtaken
    assert live(subscription) == 0


def test_a_shrink_between_looking_and_taking_stops_the_whole_list(
    monkeypatch: pytest.MonkeyPatch, anna: User, noordzee: Organization
) -> None:
    subscription = make_subscription(anna, quantity=10)
    row = listed(subscription, make_people(noordzee, 10))
    call = confirming(row)
    first_time(monkeypatch, "_open_contracts", shrinker(subscription, 9))

    call()

    assert states(row) == [BulkState.DRAFT]
    assert live(subscription) == 0


def test_a_list_taken_back_while_one_of_it_loses_theirs_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch, anna: User, noordzee: Organization
) -> None:
    subscription = make_subscription(anna, quantity=10)
    people = make_people(noordzee, 6)
    first = listed(subscription, people)
    confirming(first)()
    back = bulk.keep_list(
        purchaser=anna,
        product_id=subscription.product_id,
        does=Bulk.UNASSIGN,
        addresses=Addresses([], 0, []),
        people=[person.pk for person in people],
    )
    call, step = confirming(back), bulk.end_exactly

    def lose_one(**kwargs: Any) -> bool:
        race([disabler(people[0])])
        return step(**kwargs)

    monkeypatch.setattr(bulk, "end_exactly", lose_one)

    call()

    assert states(back) == [BulkState.DRAFT]
    assert live(subscription) == 5


def test_an_unknown_list_is_nothing_to_do(noordzee: Organization) -> None:
    bulk.carry_out(noordzee.pk, uuid.uuid4())
