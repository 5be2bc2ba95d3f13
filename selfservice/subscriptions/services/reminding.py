"""What is about to happen to a subscription, told by mail in time.

Each notice has a stretch in which it makes sense, so that a daily run may come twice,
or not at all for a week: what was missed is told late, and never two notices of one
thing at once. What was told already is passed over; the mail's own row sees to it
that two runs at the same moment tell it once, too.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from django.db.models import F, Q, QuerySet
from django.db.models.functions import ExtractMonth, ExtractYear

from selfservice.activity.services import mail
from selfservice.catalog.models import Term
from selfservice.core import clock
from selfservice.subscriptions import mails_ahead
from selfservice.subscriptions.models import (
    OrderState,
    ScheduledChange,
    Subscription,
)

AT_ONCE = 200
DAY = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Notice:
    """Told from `ahead` of the event on, while more than `too_late` is left."""

    name: str
    ahead: dt.timedelta
    too_late: dt.timedelta


RENEWAL = (Notice("30", 30 * DAY, 10 * DAY), Notice("7", 7 * DAY, 0 * DAY))
TRIAL_END = (Notice("7", 7 * DAY, 2 * DAY), Notice("1", 1 * DAY, 0 * DAY))
# How long before a charge somebody hears that the card will have expired by then.
CARD_AHEAD = 30 * DAY


def remind_of_everything() -> int:
    """Queue every notice that is due; how many. Must be called outside a transaction.

    Asks nobody but the database: each batch is a transaction of its own.
    """
    return remind_of_renewals() + remind_of_trial_ends() + remind_of_cards()


def remind_of_renewals() -> int:
    """The term is renewed in 30 or 7 days; for terms of more than a month."""
    now = clock.now()
    due = (
        _running(now)
        .filter(
            Q(trial_end=None) | Q(trial_end__lte=now),
            recurring_billing=True,
            past_due_since=None,
            term_end__gt=now,
            term_end__lte=now + RENEWAL[0].ahead,
        )
        .exclude(plan__term=Term.MONTH)
    )
    told = 0
    for rows in _batches(due, "pk"):
        told += _tell(
            rows,
            "renewal",
            lambda row: row.pk,
            lambda row: _period(row.term_end, now, RENEWAL),
            partial(mails_ahead.renewal, _changes(rows)),
        )
    return told


def remind_of_trial_ends() -> int:
    """The trial ends in 7 days or 1, and what happens then."""
    now = clock.now()
    due = _running(now).filter(
        trial_end__gt=now, trial_end__lte=now + TRIAL_END[0].ahead
    )
    return sum(
        _tell(
            rows,
            "trial_ends",
            lambda row: row.pk,
            lambda row: _period(row.trial_end, now, TRIAL_END),
            mails_ahead.trial_ends,
        )
        for rows in _batches(due, "pk")
    )


def remind_of_cards() -> int:
    """The card will have expired at the next charge; one mail a card and expiry."""
    now = clock.now()
    charged = _running(now).filter(
        Q(recurring_billing=True) | Q(period_end__lt=F("term_end")),
        period_end__gt=now,
        period_end__lte=now + CARD_AHEAD,
        payment_method__isnull=False,
    )
    expired = charged.annotate(
        charged_in=ExtractYear("period_end") * 12 + ExtractMonth("period_end"),
        valid_in=F("payment_method__exp_year") * 12 + F("payment_method__exp_month"),
    ).filter(valid_in__lt=F("charged_in"))
    # Of each card the charge that comes first.
    first = expired.distinct("payment_method_id")
    return sum(
        _tell(
            rows,
            "card_expires",
            lambda row: row.card.pk,
            lambda row: f"{row.card.exp_year}-{row.card.exp_month:02d}",
            mails_ahead.card_expires,
        )
        for rows in _batches(first, "payment_method_id", "period_end")
    )


def _running(now: dt.datetime) -> QuerySet[Subscription]:
    """What is used and whose purchaser reads mail here."""
    return Subscription.objects.filter(
        Q(disabled_at=None) | Q(disabled_at__gt=now),
        order_state=OrderState.CONFIRMED,
        purchaser__is_active=True,
        purchaser__removed_at=None,
    ).select_related(
        "product", "plan", "price", "payment_method", "purchaser__organization"
    )


def _batches(
    found: QuerySet[Subscription], key: str, *order: str
) -> Iterator[list[Subscription]]:
    """All of them, so many at once, by a key that never changes."""
    page = found
    while rows := list(page.order_by(key, *order)[:AT_ONCE]):
        yield rows
        page = found.filter(**{f"{key}__gt": getattr(rows[-1], key)})


def _tell(
    rows: Iterable[Subscription],
    kind: str,
    subject: Callable[[Subscription], uuid.UUID],
    period: Callable[[Subscription], str],
    letter: Callable[[Subscription, str], mail.Letter],
) -> int:
    """Queue what is due and wasn't told yet, organization by organization."""
    told = 0
    home = sorted(rows, key=lambda row: (row.organization_id, row.pk))
    for organization_id, theirs in itertools.groupby(
        home, lambda row: row.organization_id
    ):
        due = [(row, subject(row), period(row)) for row in theirs]
        known = mail.already_queued(organization_id, kind, [each[1] for each in due])
        new = [
            letter(row, when)
            for row, about, when in due
            if when and (about, when) not in known
        ]
        mail.queue_all(new)
        told += len(new)
    return told


def _period(
    at: dt.datetime | None, now: dt.datetime, notices: tuple[Notice, ...]
) -> str:
    """The event's day and the notice that is due for it; empty when none is."""
    if at is None:
        return ""
    left = at - now
    return next(
        (f"{at:%Y-%m-%d} {n.name}" for n in notices if n.too_late < left <= n.ahead),
        "",
    )


def _changes(rows: Iterable[Subscription]) -> dict[uuid.UUID, ScheduledChange]:
    """What becomes different at the renewal, by subscription."""
    ids = {row.pk: row.organization_id for row in rows}
    changes = ScheduledChange.objects.filter(
        organization_id__in=set(ids.values()), subscription_id__in=ids
    ).select_related("price__plan")
    return {change.subscription_id: change for change in changes}
