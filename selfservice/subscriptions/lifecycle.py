"""The state of a subscription: a pure function of stored dates and payment facts.

Right even if no job ran. `state_case` is its twin in SQL, for filters; a test keeps
the two equal.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any, ClassVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, DateTimeField, Func, Q
from django.db.models.sql.compiler import SQLCompiler
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from selfservice.core.statements import Later
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
    term_end = subscription.term_ends
    return term_end + RENEWAL_GRACE if subscription.recurring_billing else term_end


def disabled_from(subscription: Subscription) -> dt.datetime:
    """When access ends: at once when cancelled inside the window, else later.

    A payment that stays past due ends it after 30 days.
    """
    ends = [subscription.term_ends + EXPIRED_LASTS]
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
    term_start = subscription.term_starts
    disabled_at = disabled_from(subscription)
    ends = min(subscription.term_ends, disabled_at)
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


class _Written(Func):
    """An expression as SQL that is written once, around a few columns.

    Django puts the same together from some fifty pieces for every statement, which
    took more of a list's time than PostgreSQL does.
    """

    columns: ClassVar[tuple[str, ...]]
    written: ClassVar[str]
    # How often `now` stands in it, after the values of its columns.
    moments = 0

    def __init__(self, *columns: str, now: dt.datetime | Later | None = None) -> None:
        super().__init__(*(columns or self.columns))
        self.now = now

    def as_sql(  # type: ignore[override]  # nothing else of Func's is used
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, list[Any]]:
        texts: list[str] = []
        values: list[Any] = []
        for source in self.get_source_expressions():
            text, asked = compiler.compile(source)
            texts.append(text)
            values += asked
        return self.written.format(*texts), [*values, *[self.now] * self.moments]


def _days(span: dt.timedelta) -> str:
    # In seconds: for days PostgreSQL asks a calendar, row by row.
    return f"interval '{span // dt.timedelta(seconds=1)} seconds'"


_ENDED_BY = ("disabled_at", "term_end", "past_due_since")
# `disabled_from` of these columns.
_ENDS = (
    f"LEAST(COALESCE({{0}}, {{1}} + {_days(EXPIRED_LASTS)}),"
    f" COALESCE({{2}} + {_days(PAST_DUE_LASTS)}, {{1}} + {_days(EXPIRED_LASTS)}),"
    f" {{1}} + {_days(EXPIRED_LASTS)})"
)


class _State(_Written):
    columns = (*_ENDED_BY, "order_state", "recurring_billing", "trial_end")
    written = (
        f"CASE WHEN {{3}} IN ('processing', 'pending') THEN '{PENDING}'"
        f" WHEN {{3}} <> 'confirmed' THEN '{NONE}'"
        f" WHEN {_ENDS} + {_days(DISABLED_LASTS)} <= %s THEN '{DELETED}'"
        f" WHEN {_ENDS} <= %s THEN '{DISABLED}'"
        f" WHEN CASE WHEN {{4}} THEN {{1}} + {_days(RENEWAL_GRACE)} ELSE {{1}} END"
        f" <= %s THEN '{EXPIRED}' WHEN {{2}} IS NOT NULL THEN '{PAST_DUE}'"
        f" WHEN {{5}} > %s THEN '{TRIAL}' ELSE '{ACTIVE}' END"
    )
    moments = 4
    output_field = CharField()


class _NextDate(_Written):
    # The state comes first, for its text has values.
    written = (
        f"CASE {{0}} WHEN '{PENDING}' THEN {{4}} WHEN '{EXPIRED}' THEN {{5}}"
        f" WHEN '{PAST_DUE}' THEN {{5}}"
        f" WHEN '{DISABLED}' THEN {{5}} + {_days(DISABLED_LASTS)}"
        f" WHEN '{DELETED}' THEN {{5}} + {_days(DISABLED_LASTS)} ELSE {{2}} END"
    ).replace(
        "{5}", _ENDS.replace("{2}", "{3}").replace("{1}", "{2}").replace("{0}", "{1}")
    )
    output_field = DateTimeField()


def state_case(now: dt.datetime | Later) -> Func:
    """`state_at` as an expression over Subscription's columns."""
    return _State(now=now)


def next_date(state: str = "state") -> Func:
    """The next date of a row that is annotated with its `state`, for sorting."""
    return _NextDate(state, *_ENDED_BY, "ordered_at")


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
