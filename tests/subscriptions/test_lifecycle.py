"""The table of states, to the second, and its twin in SQL."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.core.dates import add_months
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import OrderState, Subscription
from tests.factories.catalog import make_offer
from tests.factories.subscriptions import make_subscription

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
SECOND = dt.timedelta(seconds=1)
START = dt.datetime(2026, 1, 15, 9, 0, tzinfo=dt.UTC)
END = dt.datetime(2027, 1, 15, 9, 0, tzinfo=dt.UTC)
UNPAID = START + DAY * 59


@pytest.fixture
def subscription(anna: User) -> Subscription:
    made = make_subscription(anna, term_start=START, recurring_billing=False)
    assert made.term_end == END
    return made


# What the row says; then from which instant on it is in which state.
RUNS_OUT = [
    (START, lifecycle.ACTIVE),
    (END, lifecycle.EXPIRED),
    (END + DAY * 30, lifecycle.DISABLED),
    (END + DAY * 120, lifecycle.DELETED),
]
TABLE: dict[str, tuple[dict[str, Any], list[tuple[dt.datetime, str]]]] = {
    "processing": (
        {"order_state": OrderState.PROCESSING},
        [(START, lifecycle.PENDING)],
    ),
    "payment pending": (
        {"order_state": OrderState.PENDING},
        [(START, lifecycle.PENDING)],
    ),
    "declined": ({"order_state": OrderState.DECLINED}, [(START, lifecycle.NONE)]),
    "dropped": ({"order_state": OrderState.DROPPED}, [(START, lifecycle.NONE)]),
    "not renewed": ({}, RUNS_OUT),
    "no news of its renewal": (
        {"recurring_billing": True},
        [
            (START, lifecycle.ACTIVE),
            (END + HOUR * 72, lifecycle.EXPIRED),
            (END + DAY * 30, lifecycle.DISABLED),
            (END + DAY * 120, lifecycle.DELETED),
        ],
    ),
    "renewal failed, never paid": (
        {"past_due_since": UNPAID, "recurring_billing": True},
        [
            (UNPAID, lifecycle.PAST_DUE),
            (UNPAID + DAY * 30, lifecycle.DISABLED),
            (UNPAID + DAY * 120, lifecycle.DELETED),
        ],
    ),
    "failed in its last month, and not renewed": (
        {"past_due_since": END - DAY * 10},
        [
            (END - DAY * 10, lifecycle.PAST_DUE),
            (END, lifecycle.EXPIRED),
            (END + DAY * 20, lifecycle.DISABLED),
            (END + DAY * 110, lifecycle.DELETED),
        ],
    ),
    "given up": (
        {"past_due_since": UNPAID, "disabled_at": UNPAID + DAY * 30},
        [
            (UNPAID, lifecycle.PAST_DUE),
            (UNPAID + DAY * 30, lifecycle.DISABLED),
            (UNPAID + DAY * 120, lifecycle.DELETED),
        ],
    ),
    "canceled inside the window": (
        {"disabled_at": START + DAY * 6},
        [
            (START, lifecycle.ACTIVE),
            (START + DAY * 6, lifecycle.DISABLED),
            (START + DAY * 96, lifecycle.DELETED),
        ],
    ),
    "trial that lapses": (
        {"trial_end": END},
        [(START, lifecycle.TRIAL), *RUNS_OUT[1:]],
    ),
    "trial that was converted": (
        {"trial_end": START + DAY * 31},
        [(START, lifecycle.TRIAL), (START + DAY * 31, lifecycle.ACTIVE), *RUNS_OUT[1:]],
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_every_row_of_the_table_begins_and_ends_to_the_second(
    subscription: Subscription, name: str
) -> None:
    fields, steps = TABLE[name]
    for field, value in fields.items():
        setattr(subscription, field, value)
    subscription.save()
    ends = [begins for begins, _state in steps[1:]]

    for (begins, state), end in zip(steps, [*ends, begins_never()], strict=True):
        for instant in (begins, begins + (end - begins) / 2, end - SECOND):
            assert lifecycle.state_at(subscription, instant) == state, instant
            assert in_sql(subscription, instant) == state, instant


def begins_never() -> dt.datetime:
    """Long after everything."""
    return END + DAY * 3650


def in_sql(subscription: Subscription, instant: dt.datetime) -> str:
    """What the twin says, after it and the quick filter were found to agree."""
    found = Subscription.objects.annotate(state=lifecycle.state_case(instant))
    state: str = found.get(pk=subscription.pk).state
    assignable = found.filter(lifecycle.assignable_at(instant)).exists()
    assert assignable is (state in lifecycle.ASSIGNABLE), instant
    return state


SPANS = [
    dt.timedelta(),
    lifecycle.RENEWAL_GRACE,
    lifecycle.EXPIRED_LASTS,
    lifecycle.DISABLED_LASTS,
    lifecycle.PAST_DUE_LASTS,
    lifecycle.EXPIRED_LASTS + lifecycle.DISABLED_LASTS,
]


@st.composite
def before_now(draw: st.DrawFn) -> dt.timedelta:
    """Mostly at an edge of the table, or a second beside it."""
    edge = draw(st.sampled_from(SPANS)) + SECOND * draw(st.integers(-1, 1))
    return draw(st.one_of(st.just(edge), st.timedeltas(-DAY * 400, DAY * 400)))


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    order_state=st.sampled_from([OrderState.CONFIRMED] * 4 + OrderState.values),
    recurring=st.booleans(),
    term=before_now(),
    instants=st.fixed_dictionaries(
        {},
        optional={
            "disabled_at": before_now(),
            "past_due_since": before_now(),
            "trial_end": before_now(),
        },
    ),
)
def test_the_twin_in_sql_says_the_same(
    subscription: Subscription,
    order_state: str,
    recurring: bool,
    term: dt.timedelta,
    instants: dict[str, dt.timedelta],
) -> None:
    now = END
    subscription.order_state = order_state
    subscription.recurring_billing = recurring
    subscription.term_end = now - term
    for field in ("disabled_at", "past_due_since", "trial_end"):
        span = instants.get(field)
        setattr(subscription, field, None if span is None else now - span)
    subscription.save()

    assert in_sql(subscription, now) == lifecycle.state_at(subscription, now)


def test_the_timeline_has_no_gaps_and_the_states_dates(
    subscription: Subscription,
) -> None:
    stages = lifecycle.timeline(subscription)

    assert [s.end for s in stages[:-1]] == [s.start for s in stages[1:]]
    for stage in stages:
        assert lifecycle.state_at(subscription, stage.start) == stage.state


# What each pane says to the owner of what has ended.
REFUSALS = {
    "licenses": "only while a subscription is active",
    "cancel": "Only an active subscription can be canceled.",
    "recurring-billing": "only while a subscription is active",
    "frequency": "only while a subscription is active",
}


@pytest.mark.parametrize(
    ("state", "days"),
    [(lifecycle.EXPIRED, 5), (lifecycle.DISABLED, 40), (lifecycle.DELETED, 130)],
)
@pytest.mark.parametrize("pane", REFUSALS)
def test_what_has_ended_cannot_be_changed(
    client: Client, anna: User, state: str, days: int, pane: str
) -> None:
    offer = make_offer()
    other = make_offer(offer.plan.product, term=offer.plan.term, frequency="yearly")
    ended = make_subscription(
        anna,
        offer=offer,
        term_start=add_months(clock.now(), -12) - DAY * days,
        recurring_billing=False,
    )
    assert lifecycle.state_at(ended, clock.now()) == state
    client.force_login(anna)
    url = f"/subscriptions/{ended.pk}/{pane}/"
    data = {"total": 9, "recurring": "on", "plan": str(other.plan.pk)}

    answer = client.post(url, data | {"reason": "other", "seal": "x"})

    assert answer.status_code == 422
    assert REFUSALS[pane] in client.get(url, {"total": 9}).content.decode() or (
        REFUSALS[pane] in answer.content.decode()
    )


def test_months_are_counted_from_the_first_day() -> None:
    first = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)

    assert add_months(first, 1).day == 28
    assert add_months(first, 2).day == 31
    assert add_months(first, 25) == dt.datetime(2028, 2, 29, 12, tzinfo=dt.UTC)
