"""The state in Python, and its twin in SQL."""

from __future__ import annotations

import datetime as dt

import pytest

from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.core.dates import add_months
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import OrderState, Subscription
from tests.factories.subscriptions import make_subscription

DAY = dt.timedelta(days=1)


@pytest.fixture
def subscription(anna: User) -> Subscription:
    start = dt.datetime(2026, 1, 15, 9, 0, tzinfo=dt.UTC)
    return make_subscription(anna, term_start=start, recurring_billing=False)


def at(subscription: Subscription, days_after_term: float) -> str:
    assert subscription.term_end is not None
    return lifecycle.state_at(
        subscription, subscription.term_end + DAY * days_after_term
    )


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (-300, lifecycle.ACTIVE),
        (-0.001, lifecycle.ACTIVE),
        (0, lifecycle.EXPIRED),
        (29.99, lifecycle.EXPIRED),
        (30, lifecycle.DISABLED),
        (119.99, lifecycle.DISABLED),
        (120, lifecycle.DELETED),
    ],
)
def test_a_term_that_is_not_renewed_runs_out_in_steps(
    subscription: Subscription, days: float, state: str
) -> None:
    assert at(subscription, days) == state


def test_a_renewal_under_way_stays_active_for_three_days(
    subscription: Subscription,
) -> None:
    subscription.recurring_billing = True

    assert at(subscription, 2.9) == lifecycle.ACTIVE
    assert at(subscription, 3) == lifecycle.EXPIRED


def test_cancelled_inside_the_window_is_disabled_at_once(
    subscription: Subscription,
) -> None:
    subscription.disabled_at = subscription.bought_at

    assert at(subscription, -364) == lifecycle.DISABLED
    assert at(subscription, -200) == lifecycle.DELETED


def test_a_payment_that_stays_past_due_ends_it_after_thirty_days(
    subscription: Subscription,
) -> None:
    assert subscription.term_start is not None
    subscription.past_due_since = since = subscription.term_start + DAY * 31

    assert lifecycle.state_at(subscription, since + DAY * 29) == lifecycle.PAST_DUE
    assert lifecycle.state_at(subscription, since + DAY * 30) == lifecycle.DISABLED
    assert lifecycle.state_at(subscription, since + DAY * 120) == lifecycle.DELETED


def test_the_timeline_has_no_gaps(subscription: Subscription) -> None:
    stages = lifecycle.timeline(subscription)

    assert [s.end for s in stages[:-1]] == [s.start for s in stages[1:]]


@pytest.mark.parametrize("recurring", [True, False])
@pytest.mark.parametrize("unpaid", [None, -355, -35, -20, 1])
@pytest.mark.parametrize("order_state", OrderState.values)
@pytest.mark.parametrize("disabled", [True, False])
def test_the_twin_in_sql_says_the_same(
    anna: User, recurring: bool, unpaid: int | None, order_state: str, disabled: bool
) -> None:
    made = make_subscription(
        anna,
        recurring_billing=recurring,
        past_due_since=None if unpaid is None else clock.now() + DAY * (365 + unpaid),
        order_state=order_state,
        disabled_at=clock.now() + DAY * 40 if disabled else None,
        trial_end=clock.now() + DAY * 20,
    )
    assert made.term_end is not None

    for days in (-400, -360, -340, -1, 0, 2, 4, 29, 31, 100, 140):
        instant = made.term_end + DAY * days
        found = Subscription.objects.annotate(state=lifecycle.state_case(instant))
        state = lifecycle.state_at(made, instant)
        assert found.get().state == state, days
        assignable = found.filter(lifecycle.assignable_at(instant)).exists()
        assert assignable is (state in lifecycle.ASSIGNABLE), days


def test_months_are_counted_from_the_first_day() -> None:
    first = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)

    assert add_months(first, 1).day == 28
    assert add_months(first, 2).day == 31
    assert add_months(first, 25) == dt.datetime(2028, 2, 29, 12, tzinfo=dt.UTC)
