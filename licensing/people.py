"""The people who have a product's licenses: filtered, sorted, page by page."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

from django.db.models import Q, QuerySet, Subquery
from django.db.models.functions import Lower

from licensing.models import LicenseAssignment
from licensing.queries import PAGE_SIZE, Holding, live_assignments
from selfservice.accounts.models import PersonWord, User
from selfservice.accounts.services.words import normalized, typed_address
from selfservice.core import clock

# Sorts after whatever follows a prefix, in the C collation.
_LAST = "\U0010ffff"


@dataclasses.dataclass(frozen=True, slots=True)
class Search:
    """What the list is narrowed to. `days`: licensed in the last so many."""

    text: str = ""
    department: str = ""
    subscription: uuid.UUID | None = None
    days: int = 0

    @property
    def narrows(self) -> bool:
        return bool(self.text or self.department or self.subscription or self.days)


@dataclasses.dataclass(frozen=True, slots=True)
class PeoplePage:
    """A stretch of the licensed people.

    `previous` and `next` are the rows beyond which its neighbours begin, or null.
    """

    rows: list[LicenseAssignment]
    previous: uuid.UUID | None = None
    next: uuid.UUID | None = None


def matching(
    purchaser: User, holding: Holding, search: Search
) -> QuerySet[LicenseAssignment]:
    """The licenses that people have and that `search` leaves.

    Each word of its text begins a word of the name, or the e-mail address.
    """
    found = live_assignments(purchaser, holding.pk).filter(
        subscription_id__in=holding.usable
    )
    for word in _words(search.text):
        found = found.filter(user_id__in=_people_called(purchaser, word))
    if search.department:
        found = found.filter(
            user__organization_id=purchaser.organization_id,
            user__department=search.department,
        )
    if search.subscription:
        found = found.filter(subscription_id=search.subscription)
    if search.days:
        since = clock.now() - dt.timedelta(days=search.days)
        found = found.filter(assigned_at__gte=since)
    return found


def people_page(
    found: QuerySet[LicenseAssignment],
    organization_id: uuid.UUID,
    *,
    sort: str = "-since",
    after: uuid.UUID | None = None,
    before: uuid.UUID | None = None,
) -> PeoplePage:
    """Fifty of them, beyond the row `after`, or those just ahead of the row `before`.

    `sort` is since or name, with a minus for the other way around. Rows are found by
    where the neighbours end, so that every page costs the same. By time that is their
    key.
    """
    backwards = before is not None
    descending = sort.startswith("-") != backwards
    edge = before or after
    if sort.lstrip("-") == "name":
        found = _by_name(found, organization_id, edge, descending)
    else:
        if edge:
            found = found.filter(**{"pk__lt" if descending else "pk__gt": edge})
        found = found.order_by("-pk" if descending else "pk")
    shown = found.select_related("user", "assigned_by")
    rows = list(shown[: PAGE_SIZE + 1])
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    if backwards:
        rows.reverse()
    if not rows:
        return PeoplePage([])
    has_previous, has_next = (more, True) if backwards else (bool(after), more)
    return PeoplePage(
        rows,
        previous=rows[0].pk if has_previous else None,
        next=rows[-1].pk if has_next else None,
    )


def _by_name(
    found: QuerySet[LicenseAssignment],
    organization_id: uuid.UUID,
    edge: uuid.UUID | None,
    descending: bool,
) -> QuerySet[LicenseAssignment]:
    named = found.filter(user__organization_id=organization_id).annotate(
        called=Lower("user__display_name")
    )
    if edge:
        # Also where that person's license was taken back meanwhile.
        rows = LicenseAssignment.objects.filter(
            organization_id=organization_id, pk=edge
        )
        name = Subquery(rows.values(name=Lower("user__display_name"))[:1])
        side = "lt" if descending else "gt"
        beyond = Q(**{f"called__{side}": name}) | Q(
            called=name, **{f"user_id__{side}": Subquery(rows.values("user_id")[:1])}
        )
        # The index is entered by the first of these.
        named = named.filter(Q(**{f"called__{side}e": name}), beyond)
    sign = "-" if descending else ""
    return named.order_by(f"{sign}called", f"{sign}user_id")


def departments(organization_id: uuid.UUID, limit: int = 200) -> list[str]:
    """The names of the departments that people are in, at most so many.

    Goes from one to the next in the index: what it costs is the number of them.
    """
    rows = User.objects.raw(
        """
WITH RECURSIVE found AS (
    (SELECT department FROM accounts_user WHERE organization_id = %(organization)s
        AND department > '' ORDER BY department LIMIT 1)
    UNION ALL
    SELECT (SELECT department FROM accounts_user
        WHERE organization_id = %(organization)s AND department > found.department
        ORDER BY department LIMIT 1)
    FROM found WHERE found.department IS NOT NULL
)
SELECT NULL::uuid AS id, department FROM found
WHERE department IS NOT NULL LIMIT %(limit)s
""",
        {"organization": organization_id, "limit": limit},
    )
    return [row.department for row in rows]


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
