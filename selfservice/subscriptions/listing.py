"""The list Your products: what is asked for, and one page of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

from django.db.models import Case, Count, F, Q, QuerySet, Sum, When
from django.db.models.functions import ExtractMonth, ExtractYear, Greatest
from django.db.models.lookups import LessThan

from selfservice.accounts.models import User
from selfservice.catalog.models import Product
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.queries import subscriptions_of

# As many as fit into 25 KB, which is what a fragment may weigh.
PAGE_SIZE = 25
_TRIAL = Q(quantity_after_trial__isnull=False, trial_end__gte=F("term_end"))
_ORDERS = {
    "name": "product__name",
    "assigned": "assigned",
    "recurring": "recurring_billing",
    "next": "next_at",
    "price": "period_minor",
}


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
    def narrows(self) -> bool:
        """Whether it leaves anything out."""
        return any(
            (
                self.text,
                self.status,
                self.trials,
                self.product,
                self.expiring,
                self.cards_ending,
            )
        )


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
    found = _found(purchaser, search, now)
    column = search.sort.removeprefix("-")
    sign = "-" if search.sort.startswith("-") else ""
    orders = [f"{sign}{_ORDERS[column]}", f"{sign}id"]
    if search.grouped:
        orders = ["product__name", "product_id", *orders]
    start = (number - 1) * PAGE_SIZE
    rows = found.select_related("product", "plan", "price").order_by(*orders)
    return ListPage(
        list(rows[start : start + PAGE_SIZE]),
        found.count(),
        number,
        _groups(found) if search.grouped else {},
    )


def products_bought(purchaser: User) -> list[tuple[str, str]]:
    """The products that somebody bought, to filter by: slug and name."""
    bought = subscriptions_of(purchaser).values("product_id")
    products = Product.objects.filter(pk__in=bought).order_by("name")
    return list(products.values_list("slug", "name"))


def _found(purchaser: User, search: Search, now: dt.datetime) -> QuerySet[Subscription]:
    found = subscriptions_of(purchaser).annotate(state=lifecycle.state_case(now))
    if search.status:
        found = found.filter(Q(state=search.status))
    else:
        found = found.exclude(Q(state=lifecycle.DELETED))
    if search.trials:
        found = found.filter(_TRIAL)
    if search.product:
        found = found.filter(product__slug=search.product)
    if search.expiring:
        found = found.filter(_expiring(now, search.expiring))
    if search.cards_ending:
        found = found.filter(_cards_ending())
    if search.text:
        found = found.filter(product__name__icontains=search.text)
    paid = Case(
        When(_TRIAL, then=Greatest("quantity_after_trial", "assigned")),
        default=F("quantity"),
    )
    return found.annotate(
        next_at=lifecycle.next_date(), period_minor=paid * F("price__amount_minor")
    )


def _expiring(now: dt.datetime, days: int) -> Q:
    """Licenses go within so many days unless somebody does something."""
    last = now + dt.timedelta(days=days)
    unpaid = last - lifecycle.PAST_DUE_LASTS
    return (
        Q(
            state__in=[lifecycle.ACTIVE, lifecycle.TRIAL],
            recurring_billing=False,
            term_end__lte=last,
        )
        | Q(state=lifecycle.PAST_DUE, past_due_since__lte=unpaid)
        | Q(
            state=lifecycle.EXPIRED,
            term_end__lte=last - lifecycle.EXPIRED_LASTS,
        )
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


def _groups(found: QuerySet[Subscription]) -> dict[uuid.UUID, Group]:
    counted = (
        found.order_by()
        .values("product_id")
        .annotate(count=Count("id"), all=Sum("quantity"), taken=Sum("assigned"))
    )
    return {
        row["product_id"]: Group(row["count"], row["all"], row["taken"])
        for row in counted
    }
