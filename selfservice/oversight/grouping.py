"""What was found, summed by product or by purchaser."""

from __future__ import annotations

import dataclasses
import operator
import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from selfservice.catalog.models import Frequency
from selfservice.core.money import Money
from selfservice.oversight.forms import PRODUCT
from selfservice.oversight.queries import CHARGED, USABLE
from selfservice.oversight.totals import per_month
from selfservice.subscriptions.models import Subscription


@dataclasses.dataclass(slots=True)
class GroupRow:
    """One product or purchaser. `others` counts the purchasers, or the products.

    Licenses are those that can be used now; `monthly` has an amount per currency,
    excluding tax, a yearly charge for a twelfth.
    """

    key: uuid.UUID
    name: str
    subscriptions: int = 0
    others: int = 0
    bought: int = 0
    assigned: int = 0
    monthly: list[Money] = dataclasses.field(default_factory=list)

    @property
    def idle(self) -> int:
        return self.bought - self.assigned


def grouped(found: QuerySet[Subscription], by: str, sort: str) -> list[GroupRow]:
    """In an order of GROUP_ORDERS, in one statement."""
    name, key, other = (
        ("product__name", "product_id", "purchaser_id")
        if by == PRODUCT
        else ("purchaser__display_name", "purchaser_id", "product_id")
    )
    rows: dict[uuid.UUID, GroupRow] = {}
    others: dict[uuid.UUID, set[uuid.UUID]] = {}
    for part in _sums(found, key, name, other):
        row = rows.setdefault(part[key], GroupRow(part[key], part[name]))
        others.setdefault(part[key], set()).add(part[other])
        _add(row, part)
    for group, found_others in others.items():
        rows[group].others = len(found_others)
    return _sorted(rows.values(), sort)


def _sorted(rows: Iterable[GroupRow], sort: str) -> list[GroupRow]:
    """What is equal follows by name."""
    column, down = sort.removeprefix("-"), sort.startswith("-")
    by_name = sorted(rows, key=lambda row: row.name.casefold())
    if column == "spend":
        return sorted(by_name, key=lambda row: _spend(row, down))
    if column == "name":
        return by_name[::-1] if down else by_name
    return sorted(by_name, key=operator.attrgetter(column), reverse=down)


def _spend(row: GroupRow, down: bool) -> tuple[bool, list[tuple[str, int]]]:
    """Currency by currency, as the list of purchases; last who spends nothing."""
    sign = -1 if down else 1
    amounts = sorted((part.currency, sign * part.minor) for part in row.monthly)
    return not amounts, amounts


def _sums(
    found: QuerySet[Subscription], key: str, name: str, other: str
) -> Iterable[dict[str, Any]]:
    """A row per product, purchaser and currency."""
    amount = F("quantity") * F("price__amount_minor")
    yearly = Q(plan__frequency=Frequency.YEARLY)
    sums: Iterable[dict[str, Any]] = (
        found.order_by()
        .values(key, name, other, "price__currency")
        .annotate(
            count=Count("id"),
            months=Sum(amount, filter=CHARGED & ~yearly, default=0),
            years=Sum(amount, filter=CHARGED & yearly, default=0),
            bought=Sum("quantity", filter=USABLE, default=0),
            taken=Sum("assigned", filter=USABLE, default=0),
        )
    )
    return sums


def _add(row: GroupRow, part: dict[str, Any]) -> None:
    row.subscriptions += part["count"]
    row.bought += part["bought"]
    row.assigned += part["taken"]
    amount = per_month(part["months"], part["years"], part["price__currency"])
    if not amount.minor:
        return
    for place, known in enumerate(row.monthly):
        if known.currency == amount.currency:
            row.monthly[place] = Money(known.minor + amount.minor, known.currency)
            return
    row.monthly.append(amount)
