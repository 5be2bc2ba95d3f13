"""What an organization has and spends, added up."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections import Counter
from functools import cache
from typing import Any, NamedTuple

from django.db.models import Case, Count, F, Sum, Value, When

from selfservice.catalog.models import Frequency
from selfservice.core.money import Money
from selfservice.core.statements import Statement
from selfservice.oversight.queries import (
    CHARGED_STATES,
    NOW,
    ORGANIZATION,
    ending,
    purchases_of,
)
from selfservice.subscriptions import lifecycle


@dataclasses.dataclass(frozen=True, slots=True)
class Totals:
    """What an organization has and spends in one currency, excluding tax.

    `monthly` and `idle` are per month; a yearly charge counts for a twelfth.
    """

    monthly: Money
    idle: Money
    charged: int
    bought: int
    assigned: int
    ending: int
    past_due: int


def totals_of(organization_id: uuid.UUID, now: dt.datetime) -> list[Totals]:
    """By currency: amounts of two currencies are never added."""
    sums: dict[str, Counter[str]] = {}
    for row in _parts().rows(organization=organization_id, now=now):
        part = _Part(*row)
        _add(sums.setdefault(part.currency, Counter()), part)
    totals = [_totals(sum_, currency) for currency, sum_ in sums.items()]
    return sorted(totals, key=lambda part: (-part.charged, part.monthly.currency))


class _Part(NamedTuple):
    """Subscriptions of one currency, frequency and state, added up."""

    currency: str
    frequency: str
    state: str
    going: int
    subscriptions: int
    amount: int
    unused: int
    quantity: int
    taken: int


@cache
def _parts() -> Statement[tuple[Any, ...]]:
    amount = F("quantity") * F("price__amount_minor")
    unused = (F("quantity") - F("assigned")) * F("price__amount_minor")
    # By state, because a state is long to work out: once a row, not once a sum.
    return Statement(
        purchases_of(ORGANIZATION, NOW)
        .annotate(going=Case(When(ending(NOW), then=Value(1)), default=Value(0)))
        .values_list("price__currency", "plan__frequency", "state", "going")
        .annotate(
            subscriptions=Count("id"),
            amount=Sum(amount),
            unused=Sum(unused),
            bought=Sum("quantity"),
            taken=Sum("assigned"),
        )
        .order_by()
    )


def _add(sums: Counter[str], part: _Part) -> None:
    """Add what subscriptions of one state, frequency and currency come to."""
    if part.state in CHARGED_STATES:
        per = "years" if part.frequency == Frequency.YEARLY else "months"
        sums[per] += part.amount
        sums[f"idle_{per}"] += part.unused
        sums["charged"] += part.subscriptions
    if part.state in lifecycle.ASSIGNABLE:
        sums["bought"] += part.quantity
        sums["taken"] += part.taken
    if part.state == lifecycle.PAST_DUE:
        sums["late"] += part.subscriptions
    sums["going"] += part.going * part.subscriptions


def _totals(sums: Counter[str], currency: str) -> Totals:
    return Totals(
        monthly=per_month(sums["months"], sums["years"], currency),
        idle=per_month(sums["idle_months"], sums["idle_years"], currency),
        charged=sums["charged"],
        bought=sums["bought"],
        assigned=sums["taken"],
        ending=sums["going"],
        past_due=sums["late"],
    )


def per_month(months: int, years: int, currency: str) -> Money:
    return Money(months + round(years / 12), currency)
