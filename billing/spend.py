"""What was spent in twelve months, by product, one chart for each currency."""

from __future__ import annotations

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_currency
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.models import Invoice
from billing.models.invoices import InvoiceStatus
from billing.queries import invoices_of
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.core.charts import SHADES, Chart, Column, bar_chart
from selfservice.core.dates import add_months
from selfservice.core.money import Money, babel_locale, precision

MONTHS = 12
_OPEN = Q(status__in=[InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE])

type Cells = dict[tuple[dt.date, str], int]


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A month of the table behind the chart; `parts` follow the products."""

    month: str
    parts: list[Money]
    total: Money
    due: Money


@dataclasses.dataclass(frozen=True, slots=True)
class Product:
    """What its part of the bars looks like, and what it cost in twelve months."""

    name: str
    shade: str
    total: Money


@dataclasses.dataclass(frozen=True, slots=True)
class Spend:
    """Twelve months in one currency, tax included, less what was given back."""

    currency: str
    total: Money
    due: Money
    products: list[Product]
    rows: list[Row]
    chart: Chart
    ticks: list[tuple[float, str]]


def spend_of(purchaser: User) -> list[Spend]:
    """What one purchaser spent."""
    return spend_in(invoices_of(purchaser), purchaser.organization.time_zone)


def spend_in(invoices: QuerySet[Invoice], time_zone: str) -> list[Spend]:
    """One for each currency, the most spent first; in one statement."""
    zone = ZoneInfo(time_zone)
    months = _months(clock.today_in(time_zone))
    start = dt.datetime(months[0].year, months[0].month, 1, tzinfo=zone)
    found = (
        invoices.exclude(status=InvoiceStatus.VOID)
        .filter(finalized_at__gte=start)
        .annotate(month=TruncMonth("finalized_at", tzinfo=zone))
        .values("month", "currency", "title")
        .annotate(
            spent=Sum(F("paid_minor") - F("refunded_minor")),
            due=Sum("remaining_minor", filter=_OPEN, default=0),
        )
        .order_by()
    )
    spent: dict[str, Cells] = {}
    due: dict[str, Cells] = {}
    for row in found:
        place = (row["month"].date(), row["title"] or _("Other"))
        spent.setdefault(row["currency"], {})[place] = row["spent"]
        due.setdefault(row["currency"], {})[place] = row["due"]
    made = [_spend(code, months, spent[code], due[code]) for code in spent]
    return sorted(made, key=lambda spend: -spend.total.minor)


def _months(today: dt.date) -> list[dt.date]:
    """The first days of the past twelve months, this one included."""
    first = dt.datetime(today.year, today.month, 1, tzinfo=dt.UTC)
    return [add_months(first, -back).date() for back in range(MONTHS - 1, -1, -1)]


def _spend(currency: str, months: list[dt.date], spent: Cells, due: Cells) -> Spend:
    """More products than shades: the smallest stand together; unpaid ones don't."""
    by_product: dict[str, int] = {}
    for (_month, title), minor in spent.items():
        by_product[title] = by_product.get(title, 0) + minor
    paid = [title for title, minor in by_product.items() if minor]
    ranked = sorted(paid, key=lambda title: (-by_product[title], title))
    own = ranked if len(ranked) <= len(SHADES) else ranked[: len(SHADES) - 1]
    names = own if own == ranked else [*own, _("Other products")]
    rows, columns = [], []
    for month in months:
        amounts = [spent.get((month, title), 0) for title in own]
        if len(names) > len(own):
            rest = (spent.get((month, title), 0) for title in ranked[len(own) :])
            amounts.append(sum(rest))
        owed = sum(minor for (at, _title), minor in due.items() if at == month)
        row = _row(currency, month, amounts, owed)
        rows.append(row)
        label = format_date(month, "LLL", locale=_locale()).rstrip(".")
        columns.append(Column(label, amounts, owed, f"{row.month}: {row.total}"))
    chart = bar_chart(columns, unit=10 ** precision(currency))
    return Spend(
        currency,
        Money(sum(row.total.minor for row in rows), currency),
        Money(sum(row.due.minor for row in rows), currency),
        [
            Product(
                name,
                shade,
                Money(sum(row.parts[place].minor for row in rows), currency),
            )
            for place, (name, shade) in enumerate(zip(names, SHADES, strict=False))
        ],
        rows,
        chart,
        [(line.y, _short(Money(line.value, currency))) for line in chart.lines],
    )


def _row(currency: str, month: dt.date, amounts: list[int], owed: int) -> Row:
    return Row(
        format_date(month, "LLLL yyyy", locale=_locale()),
        [Money(minor, currency) for minor in amounts],
        Money(sum(amounts), currency),
        Money(owed, currency),
    )


def _short(money: Money) -> str:
    """Without cents, for a scale that has none."""
    pattern = _locale().currency_formats["standard"].pattern.replace("0.00", "0")
    return format_currency(
        money.amount, money.currency, pattern, locale=_locale(), currency_digits=False
    )


def _locale() -> Locale:
    return babel_locale(get_language() or "en")
