"""Invoices, as `apply_invoice` stores them, without asking Stripe."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from billing.models import BillingProfile, Invoice, InvoiceLine
from billing.models.accounts import address_of
from billing.models.invoices import LineKind
from selfservice.accounts.models import User
from selfservice.core import clock
from tests.factories.subscriptions import make_profile

_numbers = itertools.count(1)


def make_invoice(
    purchaser: User,
    *,
    profile: BillingProfile | None = None,
    finalized_at: dt.datetime | None = None,
    total_minor: int = 12100,
    status: str = "paid",
    lines: int = 1,
    **fields: Any,
) -> Invoice:
    """A paid invoice of a minute ago with one line, 21 % tax included."""
    invoice = new_invoice(
        profile or profile_of(purchaser),
        finalized_at=finalized_at,
        total_minor=total_minor,
        status=status,
        line_count=lines,
        **fields,
    )
    invoice.save(force_insert=True)
    InvoiceLine.objects.bulk_create(_line(invoice, n) for n in range(1, lines + 1))
    return invoice


def make_invoices(purchaser: User, count: int, **fields: Any) -> list[Invoice]:
    """`count` invoices without lines in one write, a minute apart, newest first."""
    profile = fields.pop("profile", None) or profile_of(purchaser)
    now = clock.now()
    return Invoice.objects.bulk_create(
        new_invoice(
            profile, finalized_at=now - dt.timedelta(minutes=1 + number), **fields
        )
        for number in range(count)
    )


def new_invoice(
    profile: BillingProfile,
    *,
    finalized_at: dt.datetime | None = None,
    total_minor: int = 12100,
    status: str = "paid",
    **fields: Any,
) -> Invoice:
    """One that isn't stored."""
    at = finalized_at or clock.now() - dt.timedelta(minutes=1)
    return Invoice(
        organization_id=profile.organization_id,
        profile=profile,
        purchaser_id=profile.purchaser_id,
        finalized_at=at,
        total_minor=total_minor,
        status=status,
        **(_usual(profile, at, total_minor, paid=status == "paid") | fields),
    )


def _usual(
    profile: BillingProfile, at: dt.datetime, total_minor: int, *, paid: bool
) -> dict[str, Any]:
    number = next(_numbers)
    party = {
        "name": profile.bill_to_name,
        "email": profile.email,
        **address_of(profile),
    }
    subtotal = round(total_minor / 1.21)
    return {
        "stripe_invoice_id": f"in_made_{number}",
        "number": f"NZA-{at.year}-{number:04}",
        "attempted": paid,
        "currency": profile.currency,
        "subtotal_minor": subtotal,
        "tax_minor": total_minor - subtotal,
        "paid_minor": total_minor if paid else 0,
        "remaining_minor": 0 if paid else total_minor,
        "title": "Planboard Plus",
        "profile_name": profile.name,
        "sold_to": {**party, "tax_id": "NL004495445B01"},
        "bill_to": party,
        "paid_at": at if paid else None,
        "period_start": at,
        "period_end": at + dt.timedelta(days=30),
        "stripe_synced_at": at,
    }


@contextmanager
def past_the_triggers() -> Iterator[None]:
    """Write what the database refuses to everybody else."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = origin")


def profile_of(purchaser: User) -> BillingProfile:
    """The purchaser's first billing profile, made when there is none."""
    known = BillingProfile.objects.filter(
        organization_id=purchaser.organization_id, purchaser=purchaser
    )
    return known.first() or make_profile(purchaser)


def _line(invoice: Invoice, position: int) -> InvoiceLine:
    return InvoiceLine(
        organization_id=invoice.organization_id,
        invoice=invoice,
        position=position,
        kind=LineKind.PURCHASE,
        text="5 × Planboard Plus",
        quantity=5,
        unit_minor=invoice.subtotal_minor // 5,
        amount_minor=invoice.subtotal_minor,
        tax_minor=invoice.tax_minor,
        tax_rate_bp=2100,
        period_start=invoice.period_start,
        period_end=invoice.period_end,
    )
