"""Licenses of what is Disabled: suspended, and given back when it is reactivated.

Nobody can use them meanwhile, which the state says by itself; suspended ones leave
their people free to get another license of the product.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from licensing.models import LicenseAssignment
from licensing.services.assigning import log_licenses, move_counters
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription

SUSPEND_JOB = "licensing.suspend"
SUBSCRIPTIONS_AT_ONCE = 500
LICENSES_AT_ONCE = 500


def suspend_disabled() -> int:
    """Suspend every license of what is Disabled; how many.

    May run twice, or not at all for a week. Each batch is a transaction of its own.
    Must be called outside any transaction.
    """
    live = LicenseAssignment.objects.filter(
        organization_id=OuterRef("organization_id"),
        subscription_id=OuterRef("pk"),
        ended_at=None,
        suspended_at=None,
    )
    # What Stripe may have renewed is read again first, every hour.
    uncertain = Q(recurring_billing=True, disabled_at=None, past_due_since=None)
    found = (
        Subscription.objects.annotate(state=lifecycle.state_case(clock.now()))
        .filter(Exists(live), state=lifecycle.DISABLED)
        .exclude(uncertain & ~Q(stripe_subscription_id=""))
    )
    rows = list(found.values_list("organization_id", "pk")[:SUBSCRIPTIONS_AT_ONCE])
    return sum(suspend_all(organization_id, pk) for organization_id, pk in rows)


def suspend_all(organization_id: uuid.UUID, subscription_id: uuid.UUID) -> int:
    """Suspend the licenses of one subscription if it is Disabled; how many.

    Must be called outside any transaction.
    """
    total = 0
    while suspended := _suspend_batch(organization_id, subscription_id):
        total += suspended
    return total


def lock_returning(
    organization_id: uuid.UUID, subscription_id: uuid.UUID, people: Iterable[uuid.UUID]
) -> None:
    """Lock, in the caller's transaction, whom a reactivation may give theirs back.

    People first, with those who are named; then their licenses. Those that aren't
    suspended yet count: they may be by the time the subscription is locked.
    """
    rows = _open(organization_id, subscription_id)
    holders = set(rows.values_list("user_id", flat=True)) | set(people)
    users = User.objects.filter(organization_id=organization_id, pk__in=holders)
    list(users.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    list(rows.select_for_update(no_key=True).order_by("id").values_list("pk"))


def give_back(organization_id: uuid.UUID, subscription_id: uuid.UUID) -> int:
    """Give suspended licenses back, in the caller's transaction; how many.

    The caller has locked what `lock_returning` locks, and the subscription, which is
    active again. Whoever has another of the product by now keeps that one, and never
    are there more than licenses: what isn't given back ends.
    """
    subscription = Subscription.objects.get(
        organization_id=organization_id, pk=subscription_id
    )
    suspended = _open(organization_id, subscription_id).exclude(suspended_at=None)
    rows = list(suspended.order_by("assigned_at", "id"))
    others = holders_elsewhere(subscription)
    able = set(
        User.objects.filter(
            organization_id=organization_id,
            pk__in=[row.user_id for row in rows],
            is_active=True,
            removed_at=None,
        ).values_list("pk", flat=True)
    )
    fit = [row for row in rows if row.user_id in able and row.user_id not in others]
    back = fit[: subscription.available]
    kept = {row.pk for row in back}
    rest = [row.pk for row in rows if row.pk not in kept]
    _rows(organization_id, rest).update(ended_at=clock.now())
    if not back:
        return 0
    _rows(organization_id, list(kept)).update(suspended_at=None)
    counts = {subscription_id: len(back)}
    if not move_counters(organization_id, counts, subscription.purchaser_id):
        raise RuntimeError(f"Subscription {subscription_id} isn't active again.")
    log_licenses("licenses_returned", None, back)
    return len(back)


def holders_elsewhere(subscription: Subscription) -> set[uuid.UUID]:
    """Who has a license of the same product and purchaser from another one."""
    rows = LicenseAssignment.objects.filter(
        organization_id=subscription.organization_id,
        purchaser_id=subscription.purchaser_id,
        product_id=subscription.product_id,
        ended_at=None,
        suspended_at=None,
    )
    elsewhere = rows.exclude(subscription_id=subscription.pk)
    return set(elsewhere.values_list("user_id", flat=True))


def returning(
    subscription: Subscription,
) -> tuple[list[LicenseAssignment], list[LicenseAssignment]]:
    """Whose licenses a reactivation brings back, and whose it doesn't, by name.

    The others have another license of the product already.
    """
    rows = _open(subscription.organization_id, subscription.pk).select_related("user")
    elsewhere = holders_elsewhere(subscription)
    back: list[LicenseAssignment] = []
    others: list[LicenseAssignment] = []
    for row in sorted(rows, key=lambda row: row.user.display_name.casefold()):
        (others if row.user_id in elsewhere else back).append(row)
    return back, others


def _suspend_batch(organization_id: uuid.UUID, subscription_id: uuid.UUID) -> int:
    with transaction.atomic(durable=True):
        now = clock.now()
        live = _open(organization_id, subscription_id).filter(suspended_at=None)
        locked = live.select_for_update(no_key=True).order_by("id")
        rows = list(locked[:LICENSES_AT_ONCE])
        # Locked, because it may be reactivated at this very moment.
        if not rows or not _is_disabled(organization_id, subscription_id, now):
            return 0
        _rows(organization_id, [row.pk for row in rows]).update(suspended_at=now)
        move_counters(organization_id, {subscription_id: -len(rows)})
        log_licenses("licenses_suspended", None, rows)
    return len(rows)


def _is_disabled(
    organization_id: uuid.UUID, subscription_id: uuid.UUID, now: dt.datetime
) -> bool:
    locked = Subscription.objects.select_for_update(no_key=True).get(
        organization_id=organization_id, pk=subscription_id
    )
    return lifecycle.state_at(locked, now) == lifecycle.DISABLED


def _open(
    organization_id: uuid.UUID, subscription_id: uuid.UUID
) -> QuerySet[LicenseAssignment]:
    """The subscription's licenses that haven't ended, suspended ones too."""
    return LicenseAssignment.objects.filter(
        organization_id=organization_id, subscription_id=subscription_id, ended_at=None
    )


def _rows(
    organization_id: uuid.UUID, ids: Iterable[uuid.UUID]
) -> QuerySet[LicenseAssignment]:
    return LicenseAssignment.objects.filter(
        organization_id=organization_id, pk__in=list(ids)
    )
