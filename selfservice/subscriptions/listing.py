"""The list Your products: what is asked for, and one page of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from functools import cache, lru_cache
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Sum, Value, When, Window
from django.db.models.functions import ExtractMonth, ExtractYear
from django.db.models.lookups import LessThan

from selfservice.accounts.models import User
from selfservice.catalog.models import Product
from selfservice.core.lists import beside
from selfservice.core.statements import Later, Statement
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.queries import (
    SHOWN,
    TRIAL,
    period_minor,
    subscriptions_of,
)

# As many as fit into 25 KB, which is what a fragment may weigh.
PAGE_SIZE = 25
_ORDERS = {
    "name": "product__name",
    "assigned": "assigned",
    "recurring": "recurring_billing",
    "next": "next_at",
    "price": "period_minor",
}
# All that the list shows, and what the state and the next charge follow from.
_SHOWN_COLUMNS = (
    "organization_id",
    "order_state",
    "ordered_at",
    "quantity",
    "scheduled_quantity",
    "assigned",
    "recurring_billing",
    "term_end",
    "period_end",
    "trial_end",
    "quantity_after_trial",
    "disabled_at",
    "past_due_since",
    "product__name",
    "product__icon",
    "product__color",
    "plan__term",
    "plan__frequency",
    "price__amount_minor",
    "price__currency",
    "payment_method__exp_month",
    "payment_method__exp_year",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Search:
    """What is asked for; null and empty mean all.

    `product` is a slug, `expiring` in days. `cards_ending` finds what its card
    can't pay for when it is charged next.
    """

    text: str = ""
    status: str = ""
    trials: bool = False
    product: str = ""
    expiring: int | None = None
    cards_ending: bool = False
    sort: str = "next"
    grouped: bool = False

    @property
    def asked(self) -> frozenset[str]:
        """By which of the above it leaves anything out."""
        names = ("text", "status", "trials", "product", "expiring", "cards_ending")
        return frozenset(name for name in names if getattr(self, name))

    @property
    def narrows(self) -> bool:
        return bool(self.asked)


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """A product's subscriptions in the list, all pages together."""

    subscriptions: int
    quantity: int
    assigned: int


@dataclasses.dataclass(frozen=True, slots=True)
class ListPage:
    """A page of the list, with how many there are in all."""

    rows: list[Subscription]
    total: int
    number: int
    groups: dict[uuid.UUID, Group]

    @property
    def has_next(self) -> bool:
        return self.number * PAGE_SIZE < self.total


def products_page(
    *, purchaser: User, now: dt.datetime, search: Search, number: int
) -> ListPage:
    """One page of Your products; deleted ones only when asked for."""
    values = _values(purchaser, search, now)
    start = (number - 1) * PAGE_SIZE
    rows = _page(search.asked, search.sort, search.grouped, start).rows(**values)
    # Counted in the same statement, unless the page is beyond the last one.
    if rows:
        total: int = beside(rows[0], "found")
    else:
        total = _count(search.asked).rows(**values)[0] if start else 0
    groups = _groups(search.asked).rows(**values) if search.grouped else []
    return ListPage(
        rows, total, number, {product: Group(*sums) for product, *sums in groups}
    )


def products_bought(purchaser: User) -> list[tuple[str, str]]:
    """The products that somebody bought, to filter by: slug and name."""
    return _products().rows(**_whose(purchaser))


def _whose(purchaser: User) -> dict[str, Any]:
    return {"organization": purchaser.organization_id, "purchaser": purchaser.pk}


def _values(purchaser: User, search: Search, now: dt.datetime) -> dict[str, Any]:
    last = now + dt.timedelta(days=search.expiring or 0)
    return {
        **_whose(purchaser),
        "now": now,
        "text": search.text,
        "status": search.status,
        "product": search.product,
        "last": last,
        "last_unpaid": last - lifecycle.PAST_DUE_LASTS,
        "last_expired": last - lifecycle.EXPIRED_LASTS,
    }


def named(
    purchaser: User, text: str, now: dt.datetime, limit: int
) -> list[Subscription]:
    """What somebody bought of products called like that; what is usable comes first.

    Deleted ones are left out. One statement.
    """
    found = subscriptions_of(purchaser).annotate(state=lifecycle.state_case(now))
    for word in text.split():
        found = found.filter(product__name__icontains=word)
    over = Q(state__in=[lifecycle.EXPIRED, lifecycle.DISABLED])
    rows = found.exclude(Q(state=lifecycle.DELETED)).select_related(
        "product", "plan", "price"
    )
    first = Case(When(over, then=1), default=0)
    return list(rows.order_by(first, "product__name", "-id")[:limit])


def _bought() -> QuerySet[Subscription]:
    return Subscription.objects.filter(
        organization_id=Later("organization"),
        purchaser_id=Later("purchaser"),
        order_state__in=SHOWN,
    )


def _found(asked: frozenset[str]) -> QuerySet[Subscription]:
    """What a Search leaves that narrows by these of its parts."""
    found = _bought().annotate(state=lifecycle.state_case(Later("now")))
    if "status" in asked:
        found = found.filter(Q(state=Later("status")))
    else:
        found = found.exclude(Q(state=lifecycle.DELETED))
    if "trials" in asked:
        found = found.filter(TRIAL)
    if "product" in asked:
        found = found.filter(product__slug=Later("product"))
    if "expiring" in asked:
        found = found.filter(_expiring())
    if "cards_ending" in asked:
        found = found.filter(_cards_ending())
    if "text" in asked:
        found = found.filter(product__name__icontains=Later("text"))
    return found


@lru_cache(maxsize=256)
def _page(
    asked: frozenset[str], sort: str, grouped: bool, start: int
) -> Statement[Subscription]:
    rows = (
        _found(asked)
        .annotate(
            next_at=lifecycle.next_date(),
            period_minor=period_minor(),
            found=Window(Count("*")),
        )
        .select_related("product", "plan", "price", "payment_method")
        .only(*_SHOWN_COLUMNS)
    )
    column = sort.removeprefix("-")
    sign = "-" if sort.startswith("-") else ""
    orders = [f"{sign}{_ORDERS[column]}", f"{sign}id"]
    if grouped:
        orders = ["product__name", "product_id", *orders]
    page = rows.order_by(*orders)[start : start + PAGE_SIZE]
    return Statement(page, prepared=not asked and not start)


@lru_cache(maxsize=64)
def _count(asked: frozenset[str]) -> Statement[int]:
    every = _found(asked).order_by().values(one=Value(1))
    return Statement(every.annotate(found=Count("*")).values_list("found", flat=True))


@lru_cache(maxsize=64)
def _groups(asked: frozenset[str]) -> Statement[tuple[uuid.UUID, int, int, int]]:
    products = _found(asked).order_by().values("product_id")
    return Statement(
        products.annotate(
            count=Count("id"), all=Sum("quantity"), taken=Sum("assigned")
        ).values_list("product_id", "count", "all", "taken")
    )


@cache
def _products() -> Statement[tuple[str, str]]:
    products = Product.objects.filter(pk__in=_bought().values("product_id"))
    named = products.order_by("name").values_list("slug", "name")
    return Statement(named, prepared=True)


def _expiring() -> Q:
    """Licenses go within so many days unless somebody does something."""
    return (
        Q(
            state__in=[lifecycle.ACTIVE, lifecycle.TRIAL],
            recurring_billing=False,
            term_end__lte=Later("last"),
        )
        | Q(state=lifecycle.PAST_DUE, past_due_since__lte=Later("last_unpaid"))
        | Q(state=lifecycle.EXPIRED, term_end__lte=Later("last_expired"))
    )


def _cards_ending() -> Q:
    """The card ends before the month of the next charge, or of the renewal."""
    charge, renewal = (
        ExtractYear(column) * 12 + ExtractMonth(column)
        for column in ("period_end", "term_end")
    )
    card = F("payment_method__exp_year") * 12 + F("payment_method__exp_month")
    fails = Q(LessThan(card, renewal), recurring_billing=True) | Q(
        LessThan(card, charge), period_end__lt=F("term_end")
    )
    return fails & Q(state__in=list(lifecycle.ASSIGNABLE))
