"""Reads of licenses, always through the purchaser or the person who holds one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Least

from licensing.models import LicenseAssignment
from selfservice.accounts.models import User
from selfservice.accounts.services.words import normalized
from selfservice.core.prepared import Prepared
from selfservice.core.statements import Later, Statement
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.wording import plan_words

PAGE_SIZE = 50
# So long somebody is told that a license is gone.
GONE_SHOWN = dt.timedelta(days=30)
# Whoever was given a license in these has it; in the others nobody does.
LICENSED = frozenset({*lifecycle.ASSIGNABLE, lifecycle.EXPIRED})
# The first of these that one of the subscriptions is in is shown beside a product.
ATTENTION = (lifecycle.PAST_DUE, lifecycle.EXPIRED, lifecycle.DISABLED)


@dataclasses.dataclass(frozen=True, slots=True)
class Holding:
    """A product that somebody bought, summed over their subscriptions to it.

    `available` can be assigned now; `held_back`, free too, go away at a renewal.
    `attention` is a state of `lifecycle`, or empty.
    `usable` are the subscriptions in which people have licenses.
    """

    pk: uuid.UUID
    name: str
    slug: str
    icon: str
    color: int
    quantity: int
    assigned: int
    available: int
    held_back: int
    subscriptions: int
    attention: str
    assignable: bool
    usable: tuple[uuid.UUID, ...]

    @property
    def label(self) -> str:
        return str(lifecycle.LABELS[self.attention]) if self.attention else ""

    @property
    def badge(self) -> str:
        return lifecycle.BADGES.get(self.attention, "")


def contracts(purchaser: User, product_id: uuid.UUID) -> QuerySet[Subscription]:
    """The purchaser's paid subscriptions to a product, whatever their state."""
    return Subscription.objects.filter(
        organization_id=purchaser.organization_id,
        purchaser=purchaser,
        product_id=product_id,
        order_state=OrderState.CONFIRMED,
    )


@cache
def _contracts() -> Statement[tuple[uuid.UUID, str, str, dt.datetime]]:
    found = Subscription.objects.filter(
        organization_id=Later("organization"),
        purchaser_id=Later("purchaser"),
        product_id=Later("product"),
        order_state=OrderState.CONFIRMED,
    )
    shown = found.values_list("pk", "plan__term", "plan__frequency", "ordered_at")
    return Statement(shown.order_by("pk"), prepared=True)


def named_contracts(
    purchaser: User, holding: Holding
) -> list[tuple[uuid.UUID, str, dt.datetime]]:
    """The usable ones with their plan's words and when they were ordered."""
    rows = _contracts().rows(
        organization=purchaser.organization_id,
        purchaser=purchaser.pk,
        product=holding.pk,
    )
    return [
        (key, plan_words(term, frequency), ordered_at)
        for key, term, frequency, ordered_at in rows
        if key in holding.usable
    ]


def holdings(purchaser: User, now: dt.datetime) -> list[Holding]:
    """All that this person bought and that isn't deleted, by the product's name."""
    found = _summed(_all_parts(), purchaser, now=now)
    return sorted(found, key=lambda holding: holding.name.casefold())


def holding_of(
    purchaser: User, product_id: uuid.UUID, now: dt.datetime
) -> Holding | None:
    """One product that this person bought; null when they didn't."""
    found = _summed(_parts_of_one(), purchaser, now=now, product=product_id)
    return found[0] if found else None


class _Part(NamedTuple):
    """The subscriptions to a product that are in one state, added up."""

    product_id: uuid.UUID
    name: str
    slug: str
    icon: str
    color: int
    state: str
    total: int
    taken: int
    free: int
    subscriptions: int
    ids: list[uuid.UUID]


@cache
def _all_parts() -> Statement[tuple[Any, ...]]:
    return Statement(_parts(Q()), prepared=True)


@cache
def _parts_of_one() -> Statement[tuple[Any, ...]]:
    return Statement(_parts(Q(product_id=Later("product"))), prepared=True)


def _parts(which: Q) -> QuerySet[Subscription, tuple[Any, ...]]:
    """A row per product and state, as _Part has them.

    There are never more products than in the catalogue.
    """
    limit = Least(F("quantity"), Coalesce(F("scheduled_quantity"), F("quantity")))
    return (
        Subscription.objects.filter(
            which,
            organization_id=Later("organization"),
            purchaser_id=Later("purchaser"),
            order_state=OrderState.CONFIRMED,
        )
        .annotate(state=lifecycle.state_case(Later("now")))
        .exclude(state=lifecycle.DELETED)
        .values_list(
            "product_id",
            "product__name",
            "product__slug",
            "product__icon",
            "product__color",
            "state",
        )
        .annotate(
            total=Sum("quantity"),
            taken=Sum("assigned"),
            free=Sum(limit - F("assigned")),
            subscriptions=Count("id"),
            ids=ArrayAgg("id"),
        )
        .order_by()
    )


def _summed(
    parts: Statement[tuple[Any, ...]], purchaser: User, **asked: Any
) -> list[Holding]:
    """One statement, folded here."""
    rows = parts.rows(
        organization=purchaser.organization_id, purchaser=purchaser.pk, **asked
    )
    products: dict[uuid.UUID, dict[str, _Part]] = {}
    for part in map(_Part._make, rows):
        products.setdefault(part.product_id, {})[part.state] = part
    return [_holding(states) for states in products.values()]


def _holding(states: Mapping[str, _Part]) -> Holding:
    first = next(iter(states.values()))
    licensed = [part for state, part in states.items() if state in LICENSED]
    giving = [part for state, part in states.items() if state in lifecycle.ASSIGNABLE]
    free = sum(part.free for part in giving)
    return Holding(
        pk=first.product_id,
        name=first.name,
        slug=first.slug,
        icon=first.icon,
        color=first.color,
        quantity=sum(part.total for part in licensed),
        assigned=sum(part.taken for part in licensed),
        available=free,
        held_back=sum(part.total - part.taken for part in giving) - free,
        subscriptions=sum(part.subscriptions for part in states.values()),
        attention=next((state for state in ATTENTION if state in states), ""),
        assignable=bool(giving),
        usable=tuple(pk for part in licensed for pk in part.ids),
    )


def live_assignments(
    purchaser: User, product_id: uuid.UUID
) -> QuerySet[LicenseAssignment]:
    """Who has one of the purchaser's licenses of a product now."""
    return LicenseAssignment.objects.filter(
        organization_id=purchaser.organization_id,
        purchaser=purchaser,
        product_id=product_id,
        ended_at=None,
        suspended_at=None,
    )


# Whether the product was bought, and who of some people has a license of it. They are
# looked up one by one: PostgreSQL would read all licenses of the product instead, where
# it thinks that they are few.
_HOLDERS = Prepared("""
SELECT EXISTS (
    SELECT FROM subscriptions_subscription
    WHERE organization_id = %(organization)s AND purchaser_id = %(purchaser)s
        AND product_id = %(product)s AND order_state = %(confirmed)s
), ARRAY(
    SELECT asked.id FROM unnest(%(people)s::uuid[]) AS asked (id), LATERAL (
        SELECT FROM licensing_licenseassignment
        WHERE organization_id = %(organization)s AND purchaser_id = %(purchaser)s
            AND product_id = %(product)s AND user_id = asked.id
            AND ended_at IS NULL AND suspended_at IS NULL
        LIMIT 1
    ) AS held
)
""")


def holders_among(
    purchaser: User, product_id: uuid.UUID, people: Iterable[uuid.UUID]
) -> set[uuid.UUID] | None:
    """Which of these people have a license already; null if it wasn't bought.

    One statement answers both, and no model is made: the picker asks at every letter.
    """
    ((bought, holders),) = _HOLDERS.rows(
        connection.alias,
        {
            "organization": purchaser.organization_id,
            "purchaser": purchaser.pk,
            "product": product_id,
            "confirmed": OrderState.CONFIRMED.value,
            "people": list(people),
        },
    )
    return set(holders) if bought else None


def miscounted() -> list[tuple[uuid.UUID, int, int]]:
    """Subscriptions, of all organizations, whose counter is wrong.

    Their key, what the counter says, and how many live assignments there are.
    """
    live = Q(assignments__ended_at=None, assignments__suspended_at=None)
    rows = Subscription.objects.annotate(live=Count("assignments", filter=live))
    return list(rows.exclude(live=F("assigned")).values_list("pk", "assigned", "live"))


def holders_named(
    purchaser: User, product_id: uuid.UUID, people: Iterable[uuid.UUID]
) -> list[User]:
    """Those of these people who have a license, by name."""
    rows = live_assignments(purchaser, product_id).filter(user_id__in=list(people))
    holders = [row.user for row in rows.select_related("user")]
    return sorted(holders, key=lambda user: normalized(user.display_name))


def people_with_ids(
    purchaser: User, people: Iterable[uuid.UUID]
) -> dict[uuid.UUID, User]:
    """People of the purchaser's organization by key; others are left out."""
    return User.objects.filter(organization_id=purchaser.organization_id).in_bulk(
        list(people)
    )


@dataclasses.dataclass(frozen=True, slots=True)
class OwnLicense:
    """A license as its holder sees it: from whom, since when, until when."""

    assignment: LicenseAssignment
    until: dt.datetime
    renews: bool


def own_licenses(
    user: User, now: dt.datetime
) -> tuple[list[OwnLicense], list[LicenseAssignment]]:
    """What somebody was given and can use, by the product's name; and what was theirs.

    The latter for 30 days after it was taken back or ended, the latest first, unless
    they have another license of the product by now. One statement.
    """
    rows = (
        LicenseAssignment.objects.filter(
            Q(ended_at=None) | Q(ended_at__gte=now - GONE_SHOWN),
            organization_id=user.organization_id,
            user=user,
        )
        .select_related("product", "subscription", "purchaser", "ended_by")
        .order_by("product__name", "id")
    )
    licenses: list[OwnLicense] = []
    gone: dict[uuid.UUID, tuple[dt.datetime, LicenseAssignment]] = {}
    for row in rows:
        if row.ended_at:
            before = gone.get(row.product_id)
            if before is None or before[0] < row.ended_at:
                gone[row.product_id] = row.ended_at, row
        elif row.suspended_at is None:
            state = lifecycle.state_at(row.subscription, now)
            if state in LICENSED:
                licenses.append(_own(row, state))
    held = {license.assignment.product_id for license in licenses}
    lost = sorted(gone.values(), key=lambda pair: pair[0], reverse=True)
    return licenses, [row for _at, row in lost if row.product_id not in held]


def _own(row: LicenseAssignment, state: str) -> OwnLicense:
    subscription = row.subscription
    last = lifecycle.disabled_from(subscription)
    renews = state in {lifecycle.ACTIVE, lifecycle.TRIAL}
    return OwnLicense(
        assignment=row,
        until=last if state == lifecycle.EXPIRED else subscription.term_end or last,
        renews=renews and subscription.recurring_billing,
    )


def longest_licensed(subscription: Subscription, limit: int) -> list[LicenseAssignment]:
    """Who holds a license of this subscription, least recently assigned first."""
    return list(
        LicenseAssignment.objects.filter(
            organization_id=subscription.organization_id,
            subscription=subscription,
            ended_at=None,
            suspended_at=None,
        )
        .select_related("user")
        .order_by("assigned_at", "id")[:limit]
    )


def doubly_licensed(subscription: Subscription, receiver: User) -> list[str]:
    """Who has one of it, and one of the receiver's for its product too; by name."""
    theirs = live_assignments(receiver, subscription.product_id).values("user_id")
    rows = LicenseAssignment.objects.filter(
        organization_id=subscription.organization_id,
        subscription=subscription,
        ended_at=None,
        suspended_at=None,
        user_id__in=theirs,
    )
    names = rows.order_by("user__display_name", "pk")
    return list(names.values_list("user__display_name", flat=True))
