"""What somebody is told of by mail, as Billing notifications shows it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

from django.db.models import Case, F, Q, QuerySet, When
from django.utils.functional import Promise

from billing.models import BillingProfile
from selfservice.accounts.models import User
from selfservice.activity.models import InvoiceMail
from selfservice.activity.services.choices import lead_times, optional
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.queries import subscriptions_of
from selfservice.subscriptions.services.reminding import (
    LEAD_TIMES,
    usual_lead_times,
)

PAGE_SIZE = 25


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """A kind of mail that can be turned off."""

    name: str
    label: str | Promise
    text: str | Promise
    on: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """What a subscription's purchaser hears of it ahead, by days."""

    subscription: Subscription
    at: dt.datetime
    trial: bool
    days: list[tuple[int, bool]]


def kinds_for(off: list[str], *, buys: bool) -> list[Kind]:
    """The optional kinds; who bought nothing is told of nothing ahead."""
    return [
        Kind(name, about.label, about.text, name not in off)
        for name in optional
        if (about := optional.get(name)) and (buys or not about.reminder)
    ]


def told_ahead(purchaser: User) -> QuerySet[Subscription]:
    """The purchaser's subscriptions that are renewed, or whose trial ends."""
    now = clock.now()
    at = Case(When(trial_end__gt=now, then=F("trial_end")), default=F("term_end"))
    return (
        subscriptions_of(purchaser)
        .filter(Q(recurring_billing=True) | Q(trial_end__gt=now))
        .annotate(state=lifecycle.state_case(now), at=at)
        .filter(state__in=[lifecycle.ACTIVE, lifecycle.TRIAL], at__gt=now)
        .select_related("product", "plan")
        .order_by("at", "id")
    )


def next_event(subscription: Subscription, now: dt.datetime) -> dt.datetime:
    """When the trial ends, else the term; twin of the order of `told_ahead`."""
    trial_end, term_end = subscription.trial_end, subscription.term_end
    return trial_end if trial_end and trial_end > now else term_end or now


def rows_of(purchaser: User, page: int) -> tuple[list[Row], bool]:
    """A page of what is told ahead, the soonest first, and whether more follow."""
    start = (page - 1) * PAGE_SIZE
    found = list(told_ahead(purchaser)[start : start + PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    chosen = lead_times(purchaser.organization_id, [row.pk for row in shown])
    now = clock.now()
    rows = []
    for row in shown:
        days = chosen.get((row.pk, purchaser.pk), usual_lead_times(row, now))
        rows.append(
            Row(
                row,
                next_event(row, now),
                trial=bool(row.trial_end and row.trial_end > now),
                days=[(each, each in days) for each in LEAD_TIMES],
            )
        )
    return rows, len(found) > PAGE_SIZE


def as_kept(
    purchaser: User, typed: dict[uuid.UUID, list[int]]
) -> dict[uuid.UUID, list[int] | None]:
    """Of the purchaser's own what differs from the usual; null where it doesn't."""
    now = clock.now()
    own = subscriptions_of(purchaser).filter(pk__in=typed).select_related("plan")
    return {
        row.pk: None
        if tuple(typed[row.pk]) == usual_lead_times(row, now)
        else typed[row.pk]
        for row in own
    }


def invoice_mails(
    profiles: list[BillingProfile],
) -> list[tuple[BillingProfile, InvoiceMail]]:
    """Each profile with who gets its invoices."""
    if not profiles:
        return []
    organization_id = profiles[0].organization_id
    found = InvoiceMail.objects.filter(
        organization_id=organization_id, profile_id__in=[each.pk for each in profiles]
    )
    by_profile = {each.profile_id: each for each in found}
    return [
        (
            each,
            by_profile.get(each.pk)
            or InvoiceMail(organization_id=organization_id, profile_id=each.pk),
        )
        for each in profiles
    ]
