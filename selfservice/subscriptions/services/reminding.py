"""What is about to happen to a subscription, told by mail in time.

Each notice has a stretch in which it makes sense, so that a daily run may come twice,
or not at all for a week: what was missed is told late, and never two notices of one
thing at once. What was told already is passed over; the mail's own row sees to it
that two runs at the same moment tell it once, too. How many days ahead a purchaser
hears of one subscription is theirs to choose, as is a digest of it all.
"""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from django.db.models import F, Q, QuerySet
from django.db.models.functions import ExtractMonth, ExtractYear
from django.urls import reverse

from selfservice.activity.services import digest, mail
from selfservice.activity.services.choices import has_lead_times, lead_times
from selfservice.catalog.models import Term
from selfservice.core import clock
from selfservice.subscriptions import mails_ahead
from selfservice.subscriptions.models import (
    OrderState,
    ScheduledChange,
    Subscription,
)

type Chosen = dict[tuple[uuid.UUID, uuid.UUID], list[int]]

AT_ONCE = 200
DAY = dt.timedelta(days=1)


# Days ahead, unless the purchaser chose others; of a term of a month nobody is told.
RENEWAL, TRIAL_END = (30, 7), (7, 1)
LEAD_TIMES = (90, 30, 14, 7, 1)
# How long before a charge somebody hears that the card will have expired by then.
CARD_AHEAD = 30 * DAY


def remind_of_everything() -> int:
    """Queue every notice that is due; how many. Must be called outside a transaction.

    Asks nobody but the database: each batch is a transaction of its own.
    """
    told = remind_of_renewals() + remind_of_trial_ends() + remind_of_cards()
    digest.send_digests(reverse("subscriptions:products"))
    return told


def usual_lead_times(subscription: Subscription, now: dt.datetime) -> tuple[int, ...]:
    """How many days ahead its purchaser hears of it, if they chose nothing else."""
    if subscription.trial_end and subscription.trial_end > now:
        return TRIAL_END
    return () if subscription.plan.term == Term.MONTH else RENEWAL


def remind_of_renewals() -> int:
    """The term is renewed soon; for terms of more than a month, or as chosen."""
    now = clock.now()
    usual = Q(term_end__lte=now + RENEWAL[0] * DAY) & ~Q(plan__term=Term.MONTH)
    due = _running(now).filter(
        Q(trial_end=None) | Q(trial_end__lte=now),
        usual | Q(has_lead_times("pk", "purchaser_id")),
        recurring_billing=True,
        past_due_since=None,
        term_end__gt=now,
        term_end__lte=now + LEAD_TIMES[0] * DAY,
    )
    told = 0
    for rows in _batches(due, "pk"):
        told += _tell(
            rows,
            "renewal",
            lambda row: row.pk,
            partial(_period, "term_end", _chosen(rows), now),
            partial(mails_ahead.renewal, _changes(rows)),
        )
    return told


def remind_of_trial_ends() -> int:
    """The trial ends soon, and what happens then."""
    now = clock.now()
    due = _running(now).filter(
        Q(trial_end__lte=now + TRIAL_END[0] * DAY)
        | Q(has_lead_times("pk", "purchaser_id")),
        trial_end__gt=now,
        trial_end__lte=now + LEAD_TIMES[0] * DAY,
    )
    return sum(
        _tell(
            rows,
            "trial_ends",
            lambda row: row.pk,
            partial(_period, "trial_end", _chosen(rows), now),
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
        told += mail.queue_all(new)
    return told


def notice_due(left: dt.timedelta, days: Iterable[int]) -> int | None:
    """Which of these notices, in days ahead, makes sense when so much is left.

    Each from its day on, until little before the next one; null when none does.
    """
    ladder = sorted(days, reverse=True)
    for ahead, following in itertools.zip_longest(ladder, ladder[1:], fillvalue=0):
        pause = max(1, (ahead - following) // 7) if following else 0
        if (following + pause) * DAY < left <= ahead * DAY:
            return ahead
    return None


def _period(
    event: str, chosen: Chosen, now: dt.datetime, subscription: Subscription
) -> str:
    """The event's day and the notice that is due for it; empty when none is."""
    at: dt.datetime | None = getattr(subscription, event)
    if at is None:
        return ""
    days = chosen.get((subscription.pk, subscription.purchaser_id))
    usual = usual_lead_times(subscription, now)
    due = notice_due(at - now, usual if days is None else days)
    return f"{at:%Y-%m-%d} {due}" if due else ""


def _chosen(rows: Iterable[Subscription]) -> Chosen:
    """Lead times by subscription and person, where somebody chose them."""
    chosen: Chosen = {}
    for organization_id, subjects in _by_organization(rows).items():
        chosen |= lead_times(organization_id, subjects)
    return chosen


def _by_organization(rows: Iterable[Subscription]) -> dict[uuid.UUID, list[uuid.UUID]]:
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    for row in rows:
        found.setdefault(row.organization_id, []).append(row.pk)
    return found


def _changes(rows: Iterable[Subscription]) -> dict[uuid.UUID, ScheduledChange]:
    """What becomes different at the renewal, by subscription."""
    ids = {row.pk: row.organization_id for row in rows}
    changes = ScheduledChange.objects.filter(
        organization_id__in=set(ids.values()), subscription_id__in=ids
    ).select_related("price__plan")
    return {change.subscription_id: change for change in changes}
