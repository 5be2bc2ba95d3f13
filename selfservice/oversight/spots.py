"""Where the same thing is paid for twice, or for nobody: each a filter and a count."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connections
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from licensing.models import LicenseAssignment
from selfservice.core.statements import IsAny
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription

DOUBLE, SHARED, IDLE, LEFT = "double", "shared", "idle", "left"
SPOTS: list[tuple[str, str | Promise]] = [
    (DOUBLE, _("People with two licenses of a product")),
    (SHARED, _("Products of several purchasers")),
    (IDLE, _("Licenses idle for 30 days")),
    (LEFT, _("Purchasers who are disabled")),
]
IDLE_AFTER = dt.timedelta(days=30)
_KEPT = Q(state__in=[*lifecycle.ASSIGNABLE, lifecycle.PAST_DUE, lifecycle.EXPIRED])
_GONE = Q(purchaser__is_active=False) | Q(purchaser__removed_at__isnull=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Whole:
    """All subscriptions of an organization, with their `state` and `purchased_at`.

    Not bound to a connection: `bought` stands in subqueries.
    """

    organization_id: uuid.UUID
    bought: QuerySet[Subscription]
    now: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Spots:
    """People, products, licenses, purchasers: how many are worth a look."""

    double: int
    shared: int
    idle: int
    left: int


def within(spot: str, whole: Whole) -> Q:
    """The subscriptions at one spot."""
    if spot == DOUBLE:
        # An array is made once; a subquery may be run again for each subscription.
        return Q(IsAny(F("pk"), ArraySubquery(_held_twice(whole))))
    if spot == SHARED:
        return _KEPT & Q(product_id__in=_shared(whole))
    if spot == IDLE:
        return _is_idle(whole)
    return _KEPT & _GONE


def count_spots(whole: Whole, using: str) -> Spots:
    """All four counts in one statement."""
    left = whole.bought.filter(_KEPT & _GONE).values("purchaser_id").distinct()
    free = whole.bought.filter(_is_idle(whole)).values(
        free=F("quantity") - F("assigned")
    )
    counted: dict[str, tuple[str, QuerySet[Any, Any]]] = {
        DOUBLE: ("count(DISTINCT user_id)", _holders_of_two(whole)),
        SHARED: ("count(*)", _shared(whole)),
        IDLE: ("coalesce(sum(free), 0)", free),
        LEFT: ("count(*)", left),
    }
    parts, values = [], []
    for name, (what, query) in counted.items():
        sql, params = query.query.get_compiler(using).as_sql()
        # The words are ours; what was asked for travels as parameters.
        parts.append(f'(SELECT {what} FROM ({sql}) AS "{name}")')  # noqa: S608  as said
        values.extend(params)
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        row = cursor.fetchone()
    return Spots(*(int(number) for number in row))


def also_from(
    subscription: Subscription, people: Iterable[uuid.UUID], using: str
) -> dict[uuid.UUID, list[str]]:
    """Who of these people has a license of the same product from somebody else."""
    others = _live(subscription.organization_id).filter(
        product_id=subscription.product_id, user_id__in=list(people)
    )
    pairs = others.using(using).exclude(purchaser_id=subscription.purchaser_id)
    found: dict[uuid.UUID, list[str]] = {}
    for user_id, name in pairs.values_list("user_id", "purchaser__display_name"):
        found.setdefault(user_id, []).append(name)
    return found


def _live(organization_id: uuid.UUID) -> QuerySet[LicenseAssignment]:
    return LicenseAssignment.objects.filter(
        organization_id=organization_id, ended_at=None, suspended_at=None
    )


def _held_twice(whole: Whole) -> QuerySet[LicenseAssignment, Any]:
    """The subscriptions of licenses of people who hold two of a product.

    A person has one of a product and purchaser at most: two are of two purchasers.
    `licenseassignment_held` has all that is read, in this order: every license of the
    organization is compared once, and none is looked up.
    """
    several = Window(Count("*"), partition_by=[F("user_id"), F("product_id")])
    held = _live(whole.organization_id).annotate(held=several)
    return held.filter(held__gt=1).values("subscription_id").distinct()


def _holders_of_two(whole: Whole) -> QuerySet[LicenseAssignment, Any]:
    """The same as people, once for each product: cheaper to count."""
    held = _live(whole.organization_id).values("user_id", "product_id")
    several = held.annotate(held=Count("*")).filter(held__gt=1)
    return several.values("user_id")


def _shared(whole: Whole) -> QuerySet[Subscription, Any]:
    kept = whole.bought.filter(_KEPT).values("product_id")
    buyers = kept.annotate(buyers=Count("purchaser_id", distinct=True))
    return buyers.filter(buyers__gt=1).values("product_id")


def _is_idle(whole: Whole) -> Q:
    """Nobody got one for so long, nor gave one back: then it was in use until then."""
    since = whole.now - IDLE_AFTER
    lately = _live(whole.organization_id).filter(
        subscription_id=OuterRef("pk"), assigned_at__gt=since
    )
    until_lately = LicenseAssignment.objects.filter(
        organization_id=whole.organization_id,
        subscription_id=OuterRef("pk"),
        ended_at__gt=since,
    )
    usable = Q(state__in=lifecycle.ASSIGNABLE, purchased_at__lte=since)
    unused = usable & Q(assigned__lt=F("quantity"))
    return unused & ~Q(Exists(lately)) & ~Q(Exists(until_lately))
