"""The state of a subscription: a pure function of stored dates and payment facts.

Right even if no job ran. `state_case` is its twin in SQL, for filters; a test keeps
the two equal.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Expression,
    ExpressionWrapper,
    F,
    Q,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Least
from django.db.models.lookups import LessThanOrEqual
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from selfservice.subscriptions.models import OrderState, Subscription

RENEWAL_GRACE = dt.timedelta(hours=72)
EXPIRED_LASTS = dt.timedelta(days=30)
DISABLED_LASTS = dt.timedelta(days=90)
PAST_DUE_LASTS = dt.timedelta(days=30)
REFUND_WINDOW = dt.timedelta(days=7)

PENDING = "pending"
ACTIVE = "active"
TRIAL = "trial"
PAST_DUE = "past_due"
EXPIRED = "expired"
DISABLED = "disabled"
DELETED = "deleted"
NONE = "none"

LABELS: dict[str, Promise] = {
    PENDING: _("Payment pending"),
    ACTIVE: _("Active"),
    TRIAL: _("Trial"),
    PAST_DUE: _("Past due"),
    EXPIRED: _("Expired"),
    DISABLED: _("Disabled"),
    DELETED: _("Deleted"),
}
# The look of the badge that names the state.
BADGES = {
    PENDING: "warn",
    ACTIVE: "ok",
    TRIAL: "info",
    PAST_DUE: "bad",
    EXPIRED: "",
    DISABLED: "",
    DELETED: "",
}
# New licenses can be handed out only in these.
ASSIGNABLE = frozenset({ACTIVE, TRIAL, PAST_DUE})


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of the timeline, half open. `end` is null for the last one."""

    state: str
    start: dt.datetime
    end: dt.datetime | None
    certain: bool


def state_at(subscription: Subscription, now: dt.datetime) -> str:
    """The state at `now`, one of the names above."""
    if subscription.order_state in {OrderState.PROCESSING, OrderState.PENDING}:
        return PENDING
    if subscription.order_state != OrderState.CONFIRMED:
        return NONE
    return _confirmed_state(subscription, now)


def _confirmed_state(subscription: Subscription, now: dt.datetime) -> str:
    disabled_at = disabled_from(subscription)
    if now >= disabled_at + DISABLED_LASTS:
        return DELETED
    if now >= disabled_at:
        return DISABLED
    if now >= expires_at(subscription):
        return EXPIRED
    if subscription.past_due_since is not None:
        return PAST_DUE
    if subscription.trial_end is not None and now < subscription.trial_end:
        return TRIAL
    return ACTIVE


def expires_at(subscription: Subscription) -> dt.datetime:
    """When the term is over. A renewal that Stripe works on has 72 hours."""
    term_end = _required(subscription.term_end)
    return term_end + RENEWAL_GRACE if subscription.recurring_billing else term_end


def disabled_from(subscription: Subscription) -> dt.datetime:
    """When access ends: at once when cancelled inside the window, else later.

    A payment that stays past due ends it after 30 days.
    """
    ends = [_required(subscription.term_end) + EXPIRED_LASTS]
    if subscription.disabled_at is not None:
        ends.append(subscription.disabled_at)
    if subscription.past_due_since is not None:
        ends.append(subscription.past_due_since + PAST_DUE_LASTS)
    return min(ends)


def timeline(subscription: Subscription) -> list[Stage]:
    """Active to Deleted with their dates; without those that never come.

    The steps after the term only happen when it is not renewed, those after Past due
    when it is not paid.
    """
    term_start = _required(subscription.term_start)
    disabled_at = disabled_from(subscription)
    ends = min(_required(subscription.term_end), disabled_at)
    if subscription.past_due_since is not None and subscription.recurring_billing:
        # Unpaid, it is renewed all the same until it is given up.
        ends = disabled_at
    unpaid = min(subscription.past_due_since or ends, ends)
    certain = not subscription.recurring_billing or bool(subscription.disabled_at)
    deleted_at = disabled_at + DISABLED_LASTS
    stages = [
        Stage(ACTIVE, term_start, unpaid, True),
        Stage(PAST_DUE, unpaid, ends, True),
        Stage(EXPIRED, ends, disabled_at, certain),
        Stage(DISABLED, disabled_at, deleted_at, certain),
        Stage(DELETED, deleted_at, None, certain),
    ]
    return [each for each in stages if each.end is None or each.start < each.end]


def state_case(now: dt.datetime) -> Case:
    """`state_at` as an expression over Subscription's columns."""
    grace = Case(
        When(recurring_billing=True, then=_plus("term_end", RENEWAL_GRACE)),
        default=F("term_end"),
    )
    disabled = disabled_expression()
    deleted = ExpressionWrapper(
        disabled + Value(DISABLED_LASTS), output_field=DateTimeField()
    )
    instant = Value(now, output_field=DateTimeField())
    return Case(
        When(order_state__in=["processing", "pending"], then=Value(PENDING)),
        When(~Q(order_state=OrderState.CONFIRMED), then=Value(NONE)),
        When(_reached(deleted, instant), then=Value(DELETED)),
        When(_reached(disabled, instant), then=Value(DISABLED)),
        When(_reached(grace, instant), then=Value(EXPIRED)),
        When(past_due_since__isnull=False, then=Value(PAST_DUE)),
        When(trial_end__gt=now, then=Value(TRIAL)),
        default=Value(ACTIVE),
        output_field=CharField(),
    )


def disabled_expression() -> Least:
    """`disabled_from` over Subscription's columns; null for what was never paid."""
    later = _plus("term_end", EXPIRED_LASTS)
    unpaid = _plus("past_due_since", PAST_DUE_LASTS)
    return Least(Coalesce(F("disabled_at"), later), Coalesce(unpaid, later), later)


def next_date(state: str = "state") -> Case:
    """The next date of a row that is annotated with its `state`, for sorting."""
    disabled = disabled_expression()
    return Case(
        When(**{state: PENDING}, then=F("ordered_at")),
        When(**{f"{state}__in": [EXPIRED, PAST_DUE]}, then=disabled),
        When(
            **{f"{state}__in": [DISABLED, DELETED]},
            then=ExpressionWrapper(
                disabled + Value(DISABLED_LASTS), output_field=DateTimeField()
            ),
        ),
        default=F("term_end"),
        output_field=DateTimeField(),
    )


def assignable_at(now: dt.datetime) -> Q:
    """`state_at` in ASSIGNABLE, in plain comparisons: quick where it is asked often."""
    return (
        Q(order_state=OrderState.CONFIRMED)
        & (Q(disabled_at=None) | Q(disabled_at__gt=now))
        & (Q(past_due_since=None) | Q(past_due_since__gt=now - PAST_DUE_LASTS))
        & (
            Q(term_end__gt=now)
            | Q(recurring_billing=True, term_end__gt=now - RENEWAL_GRACE)
        )
    )


def _plus(column: str, span: dt.timedelta) -> Expression:
    return ExpressionWrapper(F(column) + Value(span), output_field=DateTimeField())


def _reached(when: Expression, instant: Value) -> LessThanOrEqual:
    return LessThanOrEqual(when, instant)


def _required(instant: dt.datetime | None) -> dt.datetime:
    if instant is None:
        raise ValueError("A confirmed subscription has a term.")
    return instant
