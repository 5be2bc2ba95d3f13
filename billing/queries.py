"""Reads of invoices, always through their purchaser and organization."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, Self

from django.db.models import Count, Q, QuerySet, Sum

from billing.models import (
    BillingProfile,
    Invoice,
    InvoiceCredit,
    InvoiceLine,
    InvoicePayment,
    PaymentMethod,
)
from billing.models.invoices import InvoiceStatus
from selfservice.accounts.models import User
from selfservice.core.money import Money
from selfservice.core.statements import Later, Statement

PAGE_SIZE = 50
# All that the list shows: the addresses on an invoice are wide.
_SHOWN_COLUMNS = (
    "organization_id",
    "number",
    "title",
    "status",
    "attempted",
    "currency",
    "total_minor",
    "remaining_minor",
    "refunded_minor",
    "profile_name",
    "finalized_at",
)
_UNPAID = Q(status__in=[InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE])
_STATUS = {
    "due": Q(status=InvoiceStatus.OPEN, attempted=False),
    # The first condition is what the index can be read by.
    "past_due": _UNPAID & (Q(attempted=True) | Q(status=InvoiceStatus.UNCOLLECTIBLE)),
    "paid": Q(status=InvoiceStatus.PAID),
    "void": Q(status=InvoiceStatus.VOID),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the list: between two invoices, whatever comes in meanwhile."""

    finalized_at: dt.datetime
    id: uuid.UUID
    forward: bool

    def __str__(self) -> str:
        micros = round(self.finalized_at.timestamp() * 1_000_000)
        return f"{'next' if self.forward else 'previous'}-{micros}-{self.id.hex}"

    @classmethod
    def parsed(cls, text: str) -> Self | None:
        """Back from an address; null for what isn't a place."""
        try:
            direction, micros, key = text.split("-")
            start = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
            moment = start + dt.timedelta(microseconds=int(micros))
            return cls(moment, uuid.UUID(key), direction == "next")
        except (ValueError, OverflowError):
            return None


@dataclasses.dataclass(frozen=True, slots=True)
class InvoiceSearch:
    """What is asked for; the period is half open. Empty text and status: all."""

    start: dt.datetime
    end: dt.datetime
    status: str = ""
    profile_id: uuid.UUID | None = None
    text: str = ""

    @property
    def asked(self) -> frozenset[str]:
        """By which of the above it leaves anything out, besides status and period."""
        return frozenset(name for name in ("profile_id", "text") if getattr(self, name))


@dataclasses.dataclass(frozen=True, slots=True)
class InvoicePage:
    """Up to 50 invoices, and the places before and after them."""

    rows: list[Invoice]
    previous: Cursor | None
    next: Cursor | None


@dataclasses.dataclass(frozen=True, slots=True)
class InvoiceSum:
    """All invoices found in one currency; void ones count, but add nothing."""

    count: int
    void: int
    total: Money
    due: Money


def invoices_of(purchaser: User) -> QuerySet[Invoice]:
    """The purchaser's final invoices."""
    return Invoice.objects.filter(
        organization_id=purchaser.organization_id, purchaser=purchaser
    ).exclude(status=InvoiceStatus.DRAFT)


def find_invoices(purchaser: User, search: InvoiceSearch) -> QuerySet[Invoice]:
    """The purchaser's invoices that `search` asks for, in no order."""
    return _found(search.asked, search.status, _values(purchaser, search).__getitem__)


def _values(purchaser: User, search: InvoiceSearch) -> dict[str, Any]:
    return {
        "organization": purchaser.organization_id,
        "purchaser": purchaser.pk,
        "start": search.start,
        "end": search.end,
        "profile": search.profile_id,
        "text": search.text,
    }


def _found(
    asked: frozenset[str], status: str, given: Callable[[str], Any]
) -> QuerySet[Invoice]:
    """With the values themselves, or with `Later` in their places."""
    found = Invoice.objects.filter(
        organization_id=given("organization"),
        purchaser_id=given("purchaser"),
        finalized_at__gte=given("start"),
        finalized_at__lt=given("end"),
    ).exclude(status=InvoiceStatus.DRAFT)
    if status:
        found = found.filter(_STATUS[status])
    if "profile_id" in asked:
        found = found.filter(profile_id=given("profile"))
    if "text" in asked:
        text = given("text")
        found = found.filter(Q(number__icontains=text) | Q(title__icontains=text))
    return found


def invoices_numbered(purchaser: User, text: str, limit: int) -> list[Invoice]:
    """The purchaser's invoices with `text` in their number, the newest first."""
    found = invoices_of(purchaser).filter(number__icontains=text)
    wanted = found.defer("sold_to", "bill_to")
    return list(wanted.order_by("-finalized_at", "-id")[:limit])


def invoice_page(
    purchaser: User,
    search: InvoiceSearch,
    *,
    cursor: Cursor | None,
    oldest_first: bool,
) -> InvoicePage:
    """One page by date, at `cursor`; the cost is the same on every page."""
    forward = cursor is None or cursor.forward
    rising, beyond = oldest_first == forward, cursor is not None
    values = _values(purchaser, search)
    if cursor is not None:
        values |= {"instant": cursor.finalized_at, "key": cursor.id}
    rows = _page(search.asked, search.status, rising, beyond).rows(**values)
    more = len(rows) > PAGE_SIZE
    rows = rows[:PAGE_SIZE] if forward else rows[:PAGE_SIZE][::-1]
    before = more if not forward else beyond
    after = more if forward else True
    return InvoicePage(
        rows,
        _place(rows[0], forward=False) if before and rows else None,
        _place(rows[-1], forward=True) if after and rows else None,
    )


@lru_cache(maxsize=128)
def _page(
    asked: frozenset[str], status: str, rising: bool, beyond: bool
) -> Statement[Invoice]:
    found = _found(asked, status, Later)
    if beyond:
        found = found.filter(_beyond(rising))
    order = ("finalized_at", "id") if rising else ("-finalized_at", "-id")
    wanted = found.only(*_SHOWN_COLUMNS)
    return Statement(wanted.order_by(*order)[: PAGE_SIZE + 1])


def _beyond(rising: bool) -> Q:
    """Past the cursor. The first condition is what the index can be read by."""
    instant, key = Later("instant"), Later("key")
    if rising:
        return Q(finalized_at__gte=instant) & (
            Q(finalized_at__gt=instant) | Q(id__gt=key)
        )
    return Q(finalized_at__lte=instant) & (Q(finalized_at__lt=instant) | Q(id__lt=key))


def _place(invoice: Invoice, *, forward: bool) -> Cursor:
    return Cursor(invoice.finalized_at, invoice.pk, forward)


def invoice_sums(purchaser: User, search: InvoiceSearch) -> list[InvoiceSum]:
    """Count and sums by currency; amounts of two currencies are never added."""
    rows = _sums(search.asked, search.status).rows(**_values(purchaser, search))
    return [
        InvoiceSum(count, void, Money(asked, currency), Money(due, currency))
        for currency, count, void, asked, due in rows
    ]


@lru_cache(maxsize=32)
def _sums(
    asked: frozenset[str], status: str
) -> Statement[tuple[str, int, int, int, int]]:
    found = _found(asked, status, Later).values_list("currency")
    return Statement(
        found.annotate(
            count=Count("id"),
            void=Count("id", filter=_STATUS["void"]),
            asked=Sum("total_minor", filter=~_STATUS["void"], default=0),
            due=Sum("remaining_minor", filter=_UNPAID, default=0),
        ).order_by("currency")
    )


def invoice_for(purchaser: User, invoice_id: uuid.UUID) -> Invoice | None:
    """One of the purchaser's invoices, with its profile; null for another's."""
    return (
        invoices_of(purchaser)
        .select_related("profile__payment_method")
        .filter(pk=invoice_id)
        .first()
    )


def lines_of(invoice: Invoice) -> list[InvoiceLine]:
    """The lines, as they stand on the invoice."""
    return list(
        InvoiceLine.objects.filter(
            organization_id=invoice.organization_id, invoice=invoice
        ).order_by("position")
    )


def payments_of(invoice: Invoice) -> list[InvoicePayment]:
    """Every try of charging it that was answered, the oldest first."""
    return list(
        InvoicePayment.objects.filter(
            organization_id=invoice.organization_id, invoice=invoice
        ).order_by("made_at", "id")
    )


def credits_of(invoice: Invoice) -> list[InvoiceCredit]:
    """Its credit notes, the oldest first."""
    return list(
        InvoiceCredit.objects.filter(
            organization_id=invoice.organization_id, invoice=invoice
        ).order_by("issued_at", "number")
    )


def profiles_of(purchaser: User, limit: int = 20) -> list[BillingProfile]:
    """The purchaser's billing profiles, the oldest first."""
    return list(
        BillingProfile.objects.filter(
            organization_id=purchaser.organization_id, purchaser=purchaser
        ).order_by("id")[:limit]
    )


def names_of_profiles(purchaser: User) -> list[tuple[uuid.UUID, str]]:
    """The purchaser's billing profiles with their names, the oldest first; some."""
    return _profiles().rows(
        organization=purchaser.organization_id, purchaser=purchaser.pk
    )


@cache
def _profiles() -> Statement[tuple[uuid.UUID, str]]:
    found = BillingProfile.objects.filter(
        organization_id=Later("organization"), purchaser_id=Later("purchaser")
    )
    names = found.order_by("id").values_list("pk", "name")[:20]
    return Statement(names, prepared=True)


def cards_of(profile: BillingProfile) -> list[PaymentMethod]:
    """The profile's cards, the newest first; a card entered twice stands once."""
    found = PaymentMethod.objects.filter(
        organization_id=profile.organization_id,
        profile=profile,
        detached_at=None,
        leaving_at=None,
    ).order_by("id")
    by_card = {card.fingerprint: card for card in found}
    return sorted(by_card.values(), key=lambda card: card.pk, reverse=True)


def past_due_of(
    organization_id: uuid.UUID, purchaser_id: uuid.UUID
) -> QuerySet[Invoice]:
    """What this person has to pay although it was tried."""
    return Invoice.objects.filter(
        _STATUS["past_due"],
        organization_id=organization_id,
        purchaser_id=purchaser_id,
    )


def past_due_invoices(purchaser: User, limit: int = 20) -> list[Invoice]:
    """What wasn't paid although it was tried, the oldest first."""
    found = past_due_of(purchaser.organization_id, purchaser.pk)
    return list(
        found.defer("sold_to", "bill_to").order_by("finalized_at", "id")[:limit]
    )
