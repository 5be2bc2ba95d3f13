"""Reads of invoices, always through their purchaser and organization."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Self

from django.db.models import Count, Q, QuerySet, Sum

from billing.models import BillingProfile, Invoice, InvoiceLine
from billing.models.invoices import InvoiceStatus
from selfservice.accounts.models import User
from selfservice.core.money import Money

PAGE_SIZE = 50
_UNPAID = Q(status__in=[InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE])
_STATUS = {
    "due": Q(status=InvoiceStatus.OPEN, attempted=False),
    "past_due": Q(status=InvoiceStatus.OPEN, attempted=True)
    | Q(status=InvoiceStatus.UNCOLLECTIBLE),
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
    oldest_first: bool = False


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
    found = invoices_of(purchaser).filter(
        finalized_at__gte=search.start, finalized_at__lt=search.end
    )
    if search.status:
        found = found.filter(_STATUS[search.status])
    if search.profile_id:
        found = found.filter(profile_id=search.profile_id)
    if search.text:
        found = found.filter(
            Q(number__icontains=search.text) | Q(title__icontains=search.text)
        )
    return found


def invoice_page(
    found: QuerySet[Invoice], *, cursor: Cursor | None, oldest_first: bool
) -> InvoicePage:
    """One page by date, at `cursor`; the cost is the same on every page."""
    forward = cursor is None or cursor.forward
    rising = oldest_first == forward
    if cursor is not None:
        found = found.filter(_beyond(cursor, rising))
    order = ("finalized_at", "id") if rising else ("-finalized_at", "-id")
    # The addresses on it are wide, and the list doesn't show them.
    wanted = found.select_related("profile").defer("sold_to", "bill_to")
    rows = list(wanted.order_by(*order)[: PAGE_SIZE + 1])
    more = len(rows) > PAGE_SIZE
    rows = rows[:PAGE_SIZE] if forward else rows[:PAGE_SIZE][::-1]
    before = more if not forward else cursor is not None
    after = more if forward else True
    return InvoicePage(
        rows,
        _place(rows[0], forward=False) if before and rows else None,
        _place(rows[-1], forward=True) if after and rows else None,
    )


def _beyond(cursor: Cursor, rising: bool) -> Q:
    """Past the cursor. The first condition is what the index can be read by."""
    instant, key = cursor.finalized_at, cursor.id
    if rising:
        return Q(finalized_at__gte=instant) & (
            Q(finalized_at__gt=instant) | Q(id__gt=key)
        )
    return Q(finalized_at__lte=instant) & (Q(finalized_at__lt=instant) | Q(id__lt=key))


def _place(invoice: Invoice, *, forward: bool) -> Cursor:
    return Cursor(invoice.finalized_at, invoice.pk, forward)


def invoice_sums(found: QuerySet[Invoice]) -> list[InvoiceSum]:
    """Count and sums by currency; amounts of two currencies are never added."""
    rows = (
        found.values("currency")
        .annotate(
            count=Count("id"),
            void=Count("id", filter=_STATUS["void"]),
            asked=Sum("total_minor", filter=~_STATUS["void"], default=0),
            due=Sum("remaining_minor", filter=_UNPAID, default=0),
        )
        .order_by("currency")
    )
    return [
        InvoiceSum(
            row["count"],
            row["void"],
            Money(row["asked"], row["currency"]),
            Money(row["due"], row["currency"]),
        )
        for row in rows
    ]


def invoice_for(purchaser: User, invoice_id: uuid.UUID) -> Invoice | None:
    """One of the purchaser's invoices, with its profile; null for another's."""
    return (
        invoices_of(purchaser).select_related("profile").filter(pk=invoice_id).first()
    )


def lines_of(invoice: Invoice) -> list[InvoiceLine]:
    """The lines, as they stand on the invoice."""
    return list(
        InvoiceLine.objects.filter(
            organization_id=invoice.organization_id, invoice=invoice
        ).order_by("position")
    )


def profiles_of(purchaser: User, limit: int = 20) -> list[BillingProfile]:
    """The purchaser's billing profiles, the oldest first."""
    return list(
        BillingProfile.objects.filter(
            organization_id=purchaser.organization_id, purchaser=purchaser
        ).order_by("id")[:limit]
    )


def past_due_invoices(purchaser: User, limit: int = 20) -> list[Invoice]:
    """What wasn't paid although it was tried, the oldest first."""
    found = invoices_of(purchaser).filter(_STATUS["past_due"])
    return list(
        found.defer("sold_to", "bill_to").order_by("finalized_at", "id")[:limit]
    )
