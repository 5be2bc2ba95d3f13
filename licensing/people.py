"""The people who have a product's licenses: filtered, sorted, page by page."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

from django.db import connection
from django.db.models import (
    BooleanField,
    Count,
    Expression,
    F,
    Func,
    OrderBy,
    QuerySet,
    Subquery,
    Value,
    Window,
)
from django.db.models.functions import Coalesce, Lower
from django.db.models.lookups import GreaterThan, LessThan

from licensing.models import LicenseAssignment
from licensing.queries import PAGE_SIZE, Holding
from selfservice.accounts.models import PersonWord, User
from selfservice.accounts.services.words import normalized, typed_address
from selfservice.core import clock
from selfservice.core.prepared import Prepared
from selfservice.core.statements import IsAny, Later, Statement, counting

# So many can be unassigned in one go: one transaction locks as many rows, which takes
# some seconds. More are not counted.
MOST_AT_ONCE = 20_000
# Sorts after whatever follows a prefix, in the C collation.
_LAST = "\U0010ffff"
# All that the list shows.
_SHOWN_COLUMNS = (
    "organization_id",
    "subscription_id",
    "assigned_at",
    "user__display_name",
    "user__email",
    "user__department",
    "assigned_by__display_name",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Search:
    """What the list is narrowed to. `days`: licensed in the last so many."""

    text: str = ""
    department: str = ""
    subscription: uuid.UUID | None = None
    days: int = 0

    @property
    def asked(self) -> frozenset[str]:
        """By which of the above it leaves anybody out."""
        names = ("text", "department", "subscription", "days")
        return frozenset(name for name in names if getattr(self, name))

    @property
    def narrows(self) -> bool:
        return bool(self.asked)


@dataclasses.dataclass(frozen=True, slots=True)
class PeoplePage:
    """A stretch of the licensed people, and how many there are in all.

    Those that a search left are counted up to MOST_AT_ONCE + 1. `previous` and `next`
    are the rows beyond which its neighbours begin, or null.
    """

    rows: list[LicenseAssignment]
    total: int
    previous: uuid.UUID | None = None
    next: uuid.UUID | None = None


class _Row(Func):
    """Several columns, compared one after the other; an index can be entered so."""

    template = "(%(expressions)s)"
    output_field = BooleanField()


# How the list is sorted. Each ends with what no two licenses share.
_NAME = Lower("user__display_name")
_ORDERS: Mapping[str, tuple[Expression | F, ...]] = {
    "since": (F("pk"),),
    "name": (_NAME, F("user_id")),
    "department": (F("user__department"), _NAME, F("user_id")),
}
type _Given = Callable[[str], Any]


def matching(
    purchaser: User, holding: Holding, search: Search
) -> QuerySet[LicenseAssignment]:
    """The licenses that people have and that `search` leaves.

    Each word of its text begins a word of the name, or the email address.
    """
    words = _words(search.text)
    values = _values(purchaser, holding, search, words)
    return _matching(len(words), search.asked, values.__getitem__)


def _matching(
    words: int, asked: frozenset[str], given: _Given
) -> QuerySet[LicenseAssignment]:
    """With the values themselves, or with `Later` in their places."""
    found = LicenseAssignment.objects.filter(
        # Which ones they are follows from purchaser and product; PostgreSQL would take
        # it for one more chance, and thousands of people for a handful.
        Coalesce(IsAny(F("subscription_id"), given("usable")), Value(False)),
        organization_id=given("organization"),
        purchaser_id=given("purchaser"),
        product_id=given("product"),
        ended_at=None,
        suspended_at=None,
    )
    for number in range(words):
        called = PersonWord.objects.filter(
            organization_id=given("organization"),
            suffix__gte=given(f"word{number}"),
            suffix__lt=given(f"end{number}"),
        )
        found = found.filter(user_id__in=called.values_list("user_id", flat=True))
    if "department" in asked:
        found = found.filter(
            user__organization_id=given("organization"),
            user__department=given("department"),
        )
    if "subscription" in asked:
        found = found.filter(subscription_id=given("subscription"))
    if "days" in asked:
        found = found.filter(assigned_at__gte=given("since"))
    return found


def _values(
    purchaser: User, holding: Holding, search: Search, words: list[str]
) -> dict[str, Any]:
    return {
        "organization": purchaser.organization_id,
        "purchaser": purchaser.pk,
        "product": holding.pk,
        "usable": list(holding.usable),
        "department": search.department,
        "subscription": search.subscription,
        "since": clock.now() - dt.timedelta(days=search.days),
        **{f"word{number}": word for number, word in enumerate(words)},
        **{f"end{number}": word + _LAST for number, word in enumerate(words)},
    }


def licensed_like(purchaser: User, text: str, limit: int) -> list[LicenseAssignment]:
    """The purchaser's licenses of people called like that, by their names.

    Whatever the product; one statement.
    """
    found = LicenseAssignment.objects.filter(
        organization_id=purchaser.organization_id,
        purchaser=purchaser,
        ended_at=None,
        suspended_at=None,
    )
    for word in _words(text):
        found = found.filter(user_id__in=_people_called(purchaser, word))
    named = found.select_related("user", "product").order_by(
        Lower("user__display_name"), "user_id", "product__name"
    )
    return list(named[:limit])


def people_page(
    purchaser: User,
    holding: Holding,
    search: Search,
    *,
    sort: str = "-since",
    after: uuid.UUID | None = None,
    before: uuid.UUID | None = None,
) -> PeoplePage:
    """Fifty of those that `search` leaves, beyond the row `after`, or those just ahead
    of the row `before`.

    `sort` is since, name or department, with a minus for the other way around. Rows
    are found by where the neighbours end, so that every page costs the same. By time
    that is their key.
    """
    words = _words(search.text)
    values = _values(purchaser, holding, search, words)
    backwards, edge = before is not None, before or after
    descending = sort.startswith("-") != backwards
    shape = len(words), search.asked
    if search.narrows and not edge and holding.assigned <= MOST_AT_ONCE:
        found = _counted(*shape, sort.lstrip("-"), descending).rows(**values)
        return _first_page(found, purchaser)
    page = _page(*shape, sort.lstrip("-"), descending, bool(edge))
    rows = page.rows(edge=edge, **values)
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    if backwards:
        rows.reverse()
    if not rows:
        return PeoplePage([], 0)
    has_previous, has_next = (more, True) if backwards else (bool(after), more)
    total = len(rows) if not (has_previous or has_next) else holding.assigned
    if total > len(rows) and search.narrows:
        (total,) = _count(*shape, MOST_AT_ONCE + 1).rows(**values)
    return PeoplePage(
        rows,
        total,
        previous=rows[0].pk if has_previous else None,
        next=rows[-1].pk if has_next else None,
    )


def _first_page(found: list[tuple[uuid.UUID, int]], purchaser: User) -> PeoplePage:
    """From one key more than stand on it, and how many are found in all."""
    if not found:
        return PeoplePage([], 0)
    keys = [key for key, _total in found[:PAGE_SIZE]]
    shown = _shown_rows().rows(organization=purchaser.organization_id, keys=keys)
    by_key = {row.pk: row for row in shown}
    # Whose license was taken back meanwhile is still there: rows are kept.
    rows = [by_key[key] for key in keys]
    last = keys[-1] if len(found) > PAGE_SIZE else None
    return PeoplePage(rows, total=found[0][1], next=last)


@lru_cache(maxsize=256)
def _counted(
    words: int, asked: frozenset[str], sort: str, descending: bool
) -> Statement[tuple[uuid.UUID, int]]:
    """Who is found, in order, each with how many: they are looked for only once."""
    found = _matching(words, asked, Later)
    if sort != "since":
        found = found.filter(user__organization_id=Later("organization"))
    keys = found.annotate(total=Window(Count("*"))).order_by(
        *(_sorted(column, descending) for column in _ORDERS[sort])
    )
    return Statement(keys.values_list("pk", "total")[: PAGE_SIZE + 1])


@cache
def _shown_rows() -> Statement[LicenseAssignment]:
    rows = LicenseAssignment.objects.filter(
        IsAny(F("pk"), Later("keys")), organization_id=Later("organization")
    )
    joined = rows.select_related("user", "assigned_by").only(*_SHOWN_COLUMNS)
    return Statement(joined, prepared=True)


@lru_cache(maxsize=64)
def _count(words: int, asked: frozenset[str], most: int) -> Statement[int]:
    return counting(_matching(words, asked, Later).order_by()[:most])


@lru_cache(maxsize=256)
def _page(
    words: int, asked: frozenset[str], sort: str, descending: bool, edge: bool
) -> Statement[LicenseAssignment]:
    found, order = _matching(words, asked, Later), _ORDERS[sort]
    if sort != "since":
        found = found.filter(user__organization_id=Later("organization"))
    if edge:
        # Also where that person's license was taken back meanwhile.
        rows = LicenseAssignment.objects.filter(
            organization_id=Later("organization"), pk=Later("edge")
        )
        place = [Subquery(rows.values(at=column)[:1]) for column in order]
        beyond = LessThan if descending else GreaterThan
        found = found.filter(beyond(_Row(*order), _Row(*place)))
    ordering = [_sorted(column, descending) for column in order]
    # First which ones, then who they are: else thousands are joined to show fifty,
    # where PostgreSQL thinks that they are few.
    keys = found.order_by(*ordering).values("pk")[: PAGE_SIZE + 1]
    shown = LicenseAssignment.objects.filter(
        organization_id=Later("organization"), pk__in=keys
    )
    joined = shown.select_related("user", "assigned_by").only(*_SHOWN_COLUMNS)
    # What is searched for, few or many, decides what is looked up first.
    always = not asked and sort == "since"
    return Statement(joined.order_by(*ordering), prepared=always)


def _sorted(column: Expression | F, descending: bool) -> OrderBy:
    return OrderBy(column, descending=descending)


def departments(organization_id: uuid.UUID, limit: int = 200) -> list[str]:
    """The names of the departments that people are in, at most so many.

    Goes from one to the next in the index: what it costs is the number of them.
    """
    asked = {"organization": organization_id, "limit": limit}
    return [name for (name,) in _DEPARTMENTS.rows(connection.alias, asked)]


_DEPARTMENTS = Prepared("""
WITH RECURSIVE found AS (
    (SELECT department FROM accounts_user WHERE organization_id = %(organization)s
        AND department > '' ORDER BY department LIMIT 1)
    UNION ALL
    SELECT (SELECT department FROM accounts_user
        WHERE organization_id = %(organization)s AND department > found.department
        ORDER BY department LIMIT 1)
    FROM found WHERE found.department IS NOT NULL
)
SELECT department FROM found WHERE department IS NOT NULL LIMIT %(limit)s
""")


def _words(text: str) -> list[str]:
    if "@" in text or "." in text:
        address = typed_address(text)
        if address:
            return [address]
    return normalized(text).split() or ([text] if text else [])


def _people_called(purchaser: User, start: str) -> QuerySet[PersonWord, uuid.UUID]:
    words = PersonWord.objects.filter(
        organization_id=purchaser.organization_id,
        suffix__gte=start,
        suffix__lt=start + _LAST,
    )
    return words.values_list("user_id", flat=True)
