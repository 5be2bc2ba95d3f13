"""Keeping invoices equal to Stripe's, without ever changing a final one's words."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

from django.db import transaction
from django.utils import timezone

from billing import gateway
from billing.gateway.shapes import StripeInvoice, StripeInvoiceLine
from billing.invoice_mails import invoice_made
from billing.models import BillingProfile, Invoice, InvoiceLine
from billing.models.accounts import address_of
from billing.models.invoices import LineKind
from billing.services import owing, receipts, refs
from selfservice.core import hooks

A_MONTH = dt.timedelta(days=31, hours=1)  # an hour more when summer time ends
WAITS_FOR_THE_BANK = frozenset({"subscription_create", "subscription_update"})


@dataclasses.dataclass(frozen=True, slots=True)
class About:
    """What an invoice is for, as the room that sold it says."""

    subscription_id: uuid.UUID | None = None
    title: str = ""


def sync_invoice(invoice_id: str) -> Invoice | None:
    """Read an invoice from Stripe and store it; null for a draft or a stranger's.

    Raises GatewayUnavailable, GatewayRejected.
    """
    read_at = timezone.now()
    found = gateway.read_invoice(invoice_id)
    ref = refs.find(found.customer_id)
    if ref is None or found.finalized_at is None or not found.number:
        return None
    profile = BillingProfile.objects.select_related("account").get(
        organization_id=ref.organization_id, pk=ref.row_id
    )
    about = About()
    for answer in hooks.invoice_subject.send(
        hooks.InvoiceAsked(profile.organization_id, found.subscription_id)
    ):
        about = About(answer.subscription_id, answer.title)
    return apply_invoice(found=found, profile=profile, about=about, read_at=read_at)


def apply_invoice(
    *, found: StripeInvoice, profile: BillingProfile, about: About, read_at: dt.datetime
) -> Invoice:
    """Store what Stripe says. Read earlier than what is stored: changes nothing.

    Words, lines and amounts are written once; afterwards only the payment moves.
    """
    with transaction.atomic():
        invoice, made = Invoice.objects.select_for_update(
            no_key=True, of=("self",)
        ).get_or_create(
            organization_id=profile.organization_id,
            stripe_invoice_id=found.id,
            defaults=_snapshot(found, profile, about, read_at),
        )
        if made:
            InvoiceLine.objects.bulk_create(_lines(invoice, found))
            refs.keep(
                stripe_id=found.id,
                kind="invoice",
                organization_id=profile.organization_id,
                row_id=invoice.pk,
            )
            invoice_made(invoice, profile)
            _ask_for_receipts(invoice, found)
            if invoice.is_past_due:
                owing.follow(invoice)
        elif invoice.stripe_synced_at < read_at:
            was = invoice.is_past_due
            _move_payment(invoice, found, read_at)
            if was or invoice.is_past_due:
                owing.follow(invoice)
            _ask_for_receipts(invoice, found)
    return invoice


def _ask_for_receipts(invoice: Invoice, found: StripeInvoice) -> None:
    """Once somebody was asked for money, or got some back, there may be new ones."""
    if found.attempted or found.refunded_minor:
        receipts.ask_for(invoice)


def _move_payment(invoice: Invoice, found: StripeInvoice, read_at: dt.datetime) -> None:
    invoice.status = found.status
    invoice.attempted = attempted(found)
    invoice.paid_minor = found.paid_minor
    invoice.remaining_minor = found.remaining_minor
    invoice.refunded_minor = found.refunded_minor
    invoice.paid_at = found.paid_at
    invoice.stripe_synced_at = read_at
    invoice.save(
        update_fields=[
            "status",
            "attempted",
            "paid_minor",
            "remaining_minor",
            "refunded_minor",
            "paid_at",
            "stripe_synced_at",
        ]
    )


def _snapshot(
    found: StripeInvoice, profile: BillingProfile, about: About, read_at: dt.datetime
) -> dict[str, object]:
    account = profile.account
    return {
        "profile": profile,
        "purchaser_id": profile.purchaser_id,
        "subscription_id": about.subscription_id,
        "title": about.title,
        "profile_name": profile.name,
        "number": found.number,
        "status": found.status,
        "attempted": attempted(found),
        "currency": found.currency,
        "subtotal_minor": found.subtotal_minor,
        "tax_minor": found.tax_minor,
        "total_minor": found.total_minor,
        "paid_minor": found.paid_minor,
        "remaining_minor": found.remaining_minor,
        "refunded_minor": found.refunded_minor,
        "reason": found.reason,
        "sold_to": {
            "name": account.name,
            "email": account.email,
            "tax_id": account.tax_id,
            **address_of(account),
        },
        "bill_to": dict(found.bill_to),
        "po_number": found.po_number,
        "line_count": len(found.lines),
        "finalized_at": found.finalized_at,
        "paid_at": found.paid_at,
        **_period(found),
        "stripe_synced_at": read_at,
    }


def _period(found: StripeInvoice) -> dict[str, dt.datetime]:
    """The one that is paid for, which stands on the lines.

    Stripe's own period of a first invoice is the instant at which it was made.
    """
    starts = [line.period_start for line in found.lines]
    ends = [line.period_end for line in found.lines]
    return {
        "period_start": min(starts, default=found.period_start),
        "period_end": max(ends, default=found.period_end),
    }


def _lines(invoice: Invoice, found: StripeInvoice) -> list[InvoiceLine]:
    kinds = line_kinds(found, is_first_charge=_ends_a_trial(invoice))
    return [
        InvoiceLine(
            organization_id=invoice.organization_id,
            invoice=invoice,
            position=position,
            kind=kind,
            text=line.text[:300],
            quantity=line.quantity,
            unit_minor=line.unit_minor,
            amount_minor=line.amount_minor,
            tax_minor=line.tax_minor,
            tax_rate_bp=line.tax_rate_bp,
            period_start=line.period_start,
            period_end=line.period_end,
        )
        for position, (kind, line) in enumerate(
            zip(kinds, found.lines, strict=True), start=1
        )
    ]


def _ends_a_trial(invoice: Invoice) -> bool:
    """Whether what came before of its subscription was free."""
    if invoice.subscription_id is None or invoice.reason == "subscription_create":
        return False
    before = Invoice.objects.filter(
        organization_id=invoice.organization_id,
        subscription_id=invoice.subscription_id,
    ).exclude(pk=invoice.pk)
    return {*before.values_list("total_minor", flat=True)} == {0}


def attempted(found: StripeInvoice) -> bool:
    """Whether a payment that was due failed.

    The invoice of an order, or of more licenses, isn't due: until the bank has
    confirmed it the order waits, and lapses by itself.
    """
    return found.attempted and found.reason not in WAITS_FOR_THE_BANK


def line_kinds(found: StripeInvoice, *, is_first_charge: bool) -> list[LineKind]:
    """The kinds of transaction, from Stripe's billing reason and the lines.

    More or fewer licenses are one transaction of two lines: what was paid for is
    given back, and what there is from then on is charged.
    """
    changed = sum(line.amount_minor for line in found.lines if line.is_proration)
    quantity = LineKind.ADD if changed >= 0 else LineKind.REMOVE
    return [
        quantity if line.is_proration else _kind(found.reason, line, is_first_charge)
        for line in found.lines
    ]


def _kind(reason: str, line: StripeInvoiceLine, is_first_charge: bool) -> LineKind:
    if is_first_charge and line.amount_minor > 0:
        return LineKind.CONVERT
    if reason == "subscription_cycle":
        is_monthly = line.period_end - line.period_start <= A_MONTH
        return LineKind.PAYMENT if is_monthly else LineKind.RENEW
    return LineKind.CREDIT if line.amount_minor < 0 else LineKind.PURCHASE
