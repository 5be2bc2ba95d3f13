"""Reads of a whole organization's purchases, through a role that can't write.

Nothing here asks for a card, a billing account or an address.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from functools import cache, lru_cache
from typing import Any

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    F,
    Q,
    QuerySet,
    When,
    Window,
)
from django.db.models.functions import Coalesce, Least

from billing.models import Invoice
from licensing.models import LicenseAssignment
from selfservice.accounts.models import PersonWord, Role, User
from selfservice.accounts.services.words import normalized
from selfservice.activity.models import Activity
from selfservice.core.statements import IsAny, Later, Statement
from selfservice.oversight.orders import ORDERS
from selfservice.oversight.spots import Whole, within
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import ScheduledChange, Subscription
from selfservice.subscriptions.queries import SHOWN

ALIAS = "oversight"
PAGE_SIZE = 50
PEOPLE_PAGE_SIZE = 50
SOON = dt.timedelta(days=30)
# Who gave and took licenses is not part of the order history.
_NOT_ORDERS = ("licenses_assigned", "licenses_unassigned")
# All that the pages show: never a card, a profile's address or a password.
_SHOWN_COLUMNS = (
    "organization_id",
    "order_state",
    "quantity",
    "scheduled_quantity",
    "assigned",
    "recurring_billing",
    "bought_at",
    "ordered_at",
    "term_start",
    "term_end",
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
    "purchaser__display_name",
    "purchaser__department",
    "purchaser__is_active",
    "purchaser__removed_at",
)
# Sorts after whatever follows a prefix, in the C collation.
_LAST = "\U0010ffff"
USABLE = Q(state__in=lifecycle.ASSIGNABLE)
CHARGED_STATES = (lifecycle.ACTIVE, lifecycle.PAST_DUE)
CHARGED = Q(state__in=CHARGED_STATES)


@dataclasses.dataclass(frozen=True, slots=True)
class Search:
    """What is asked for; null and empty mean all."""

    product_id: uuid.UUID | None = None
    purchaser_id: uuid.UUID | None = None
    status: str = ""
    expiry: str = ""
    text: str = ""
    spot: str = ""


# What stands for them in statements that are put together once.
ORGANIZATION, NOW = Later("organization"), Later("now", DateTimeField())


def purchases_of(
    organization_id: uuid.UUID | Later, now: dt.datetime | Later
) -> QuerySet[Subscription]:
    """Everything bought in an organization, with `state` and `expires_at`."""
    return _bought(organization_id, now).using(ALIAS)


def whole_of(organization_id: uuid.UUID, now: dt.datetime) -> Whole:
    """The same for subqueries, which run where the query around them does."""
    return Whole(organization_id, _bought(organization_id, now), now)


def _bought(
    organization_id: uuid.UUID | Later, now: dt.datetime | Later
) -> QuerySet[Subscription]:
    return Subscription.objects.filter(
        organization_id=organization_id, order_state__in=SHOWN
    ).annotate(
        state=lifecycle.state_case(now),
        purchased_at=Coalesce("bought_at", "ordered_at"),
        expires_at=Case(
            When(trial_end__gt=now, then=F("trial_end")),
            default=Least("term_end", Coalesce("disabled_at", "term_end")),
        ),
    )


def find_purchases(
    organization_id: Any, search: Search, now: Any
) -> QuerySet[Subscription]:
    """What `search` asks for; deleted ones only when asked for by status."""
    found = purchases_of(organization_id, now)
    if search.product_id:
        found = found.filter(product_id=search.product_id)
    if search.purchaser_id:
        found = found.filter(purchaser_id=search.purchaser_id)
    if search.status:
        found = found.filter(Q(state=search.status))
    else:
        found = found.exclude(Q(state=lifecycle.DELETED))
    if search.expiry:
        found = found.filter(_expiry(search.expiry, now))
    if search.spot:
        found = found.filter(within(search.spot, whole_of(organization_id, now)))
    if search.text:
        found = found.filter(_text(organization_id, search.text))
    return found


def _expiry(asked: str, now: Any) -> Q:
    if asked == "ending":
        return ending(now)
    if asked == "past":
        return Q(expires_at__lte=now)
    last = now + dt.timedelta(days=int(asked))
    return Q(expires_at__gt=now, expires_at__lte=last)


def ending(now: Any) -> Q:
    """Licenses go within 30 days unless the purchaser acts."""
    unrenewed = Q(
        state__in=[lifecycle.ACTIVE, lifecycle.TRIAL],
        recurring_billing=False,
        expires_at__lte=now + SOON,
    )
    return unrenewed | Q(state=lifecycle.PAST_DUE)


def _text(organization_id: uuid.UUID, text: str) -> Q:
    """Any part of the product's name, or the beginning of a word of a person's."""
    start = normalized(text) or text
    if "@" in text:
        start = text.strip().lower()
    # A subquery runs where the query around it does.
    words = PersonWord.objects.filter(
        organization_id=organization_id, suffix__gte=start, suffix__lt=start + _LAST
    )
    people = words.values("user_id")
    return Q(product__name__icontains=text) | Q(purchaser_id__in=people)


def with_what_is_shown(found: QuerySet[Subscription]) -> QuerySet[Subscription]:
    """Join what the pages show, and read no other column of these rows."""
    joined = found.select_related("product", "plan", "price", "purchaser")
    return joined.only(*_SHOWN_COLUMNS)


def purchases_page(
    organization_id: uuid.UUID,
    search: Search,
    now: dt.datetime,
    *,
    sort: str,
    start: int,
) -> tuple[list[Subscription], int]:
    """A page of what `search` asks for, and how much that is in all.

    First which ones, then all that is shown of them: else thousands of rows are made
    wide, sorted and counted to show fifty.
    """
    if search.text or search.spot:
        found = list(_keys(find_purchases(organization_id, search, now), sort, start))
    else:
        values = {
            "organization": organization_id,
            "now": now,
            "product": search.product_id,
            "purchaser": search.purchaser_id,
            "status": search.status,
        }
        asked = frozenset(name for name, value in values.items() if value)
        found = _kept_keys(asked, search.expiry, sort, start).rows(**values)
    if not found:
        everything = find_purchases(organization_id, search, now)
        return [], everything.count() if start else 0
    keys = [key for key, _total in found]
    rows = _shown().rows(organization=organization_id, now=now, keys=keys)
    by_key = {row.pk: row for row in rows}
    return [by_key[key] for key in keys if key in by_key], found[0][1]


def _keys(
    found: QuerySet[Subscription], sort: str, start: int
) -> QuerySet[Subscription, tuple[uuid.UUID, int]]:
    # Counted in the same statement: some filters are dear, and sorting reads all.
    counted = found.annotate(found=Window(Count("*"))).order_by(*ORDERS[sort])
    return counted.values_list("pk", "found")[start : start + PAGE_SIZE]


@lru_cache(maxsize=256)
def _kept_keys(
    asked: frozenset[str], expiry: str, sort: str, start: int
) -> Statement[tuple[uuid.UUID, int]]:
    parts: dict[str, Any] = {
        "product_id": Later("product") if "product" in asked else None,
        "purchaser_id": Later("purchaser") if "purchaser" in asked else None,
        "status": Later("status") if "status" in asked else "",
    }
    found = find_purchases(ORGANIZATION, Search(expiry=expiry, **parts), NOW)
    return Statement(_keys(found, sort, start))


@cache
def _shown() -> Statement[Subscription]:
    found = purchases_of(ORGANIZATION, NOW).filter(IsAny(F("pk"), Later("keys")))
    return Statement(with_what_is_shown(found))


def purchase_for(
    organization_id: uuid.UUID, subscription_id: uuid.UUID, now: dt.datetime
) -> Subscription | None:
    """One of the organization's subscriptions; null for another's."""
    found = purchases_of(organization_id, now).filter(pk=subscription_id)
    return with_what_is_shown(found).first()


def licensed_people(
    subscription: Subscription, after: uuid.UUID | None
) -> tuple[list[LicenseAssignment], uuid.UUID | None]:
    """Who has a license of it, the latest first, and where the next page begins."""
    found = LicenseAssignment.objects.using(ALIAS).filter(
        organization_id=subscription.organization_id,
        subscription_id=subscription.pk,
        ended_at=None,
        suspended_at=None,
    )
    if after:
        found = found.filter(pk__lt=after)
    shown = found.select_related("user").only(
        "assigned_at", "user__display_name", "user__department"
    )
    rows = list(shown.order_by("-pk")[: PEOPLE_PAGE_SIZE + 1])
    more, rows = len(rows) > PEOPLE_PAGE_SIZE, rows[:PEOPLE_PAGE_SIZE]
    return rows, rows[-1].pk if more else None


def scheduled_for(subscription: Subscription) -> ScheduledChange | None:
    """What becomes of it at its renewal; null for nothing."""
    waiting = ScheduledChange.objects.using(ALIAS).filter(
        organization_id=subscription.organization_id, subscription_id=subscription.pk
    )
    return waiting.select_related("price__plan").first()


def order_history(subscription: Subscription, limit: int = 20) -> list[Activity]:
    """What was ordered, changed and paid, the latest first."""
    entries = Activity.objects.using(ALIAS).filter(
        organization_id=subscription.organization_id, subject_id=subscription.pk
    )
    return list(entries.exclude(verb__in=_NOT_ORDERS).order_by("-id")[:limit])


def invoices_of(organization_id: uuid.UUID) -> QuerySet[Invoice]:
    """What an organization's purchasers were charged: amounts and days only."""
    return Invoice.objects.using(ALIAS).filter(organization_id=organization_id)


def titles_of(organization_id: uuid.UUID, ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What these subscriptions are called; other keys are passed over."""
    found = Subscription.objects.using(ALIAS).filter(
        organization_id=organization_id, pk__in=ids, order_state__in=SHOWN
    )
    return dict(found.values_list("pk", "product__name"))


def global_admins_of(organization_id: uuid.UUID, limit: int = 3) -> list[str]:
    """The names of some who can grant a role."""
    people = User.objects.filter(
        organization_id=organization_id,
        role=Role.GLOBAL_ADMIN,
        is_active=True,
        removed_at=None,
    )
    return list(
        people.order_by("display_name").values_list("display_name", flat=True)[:limit]
    )
