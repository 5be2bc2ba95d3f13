"""Keeping what was paid and credited of an invoice, as Stripe says."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction

from billing import gateway
from billing.gateway.shapes import StripeCharge, StripeCreditNote
from billing.models import Invoice, InvoiceCredit, InvoicePayment
from selfservice.core import jobs

RECEIPTS_JOB = "billing.fetch_receipts"


def ask_for(invoice: Invoice) -> None:
    """Let the worker fetch them, in the caller's transaction: a page doesn't wait."""
    jobs.enqueue(
        RECEIPTS_JOB,
        key=f"receipts-{invoice.pk}",
        organization_id=str(invoice.organization_id),
        invoice_id=str(invoice.pk),
    )


def fetch(organization_id: uuid.UUID, invoice_id: uuid.UUID) -> None:
    """Read them from Stripe and store what is new; twice is harmless.

    Raises GatewayUnavailable, GatewayRejected.
    """
    invoice = Invoice.objects.get(organization_id=organization_id, pk=invoice_id)
    charges = gateway.charges_of_invoice(invoice.stripe_invoice_id)
    notes = gateway.credit_notes_of_invoice(invoice.stripe_invoice_id)
    with transaction.atomic():
        _keep_payments(invoice, charges)
        _keep_credits(invoice, notes)


def _keep_payments(invoice: Invoice, charges: Sequence[StripeCharge]) -> None:
    InvoicePayment.objects.bulk_create(
        [
            InvoicePayment(
                organization_id=invoice.organization_id,
                invoice=invoice,
                stripe_charge_id=charge.id,
                amount_minor=charge.amount_minor,
                succeeded=charge.succeeded,
                decline=charge.decline[:64],
                brand=charge.brand[:20],
                last4=charge.last4[:4],
                receipt_number=charge.receipt_number[:40],
                made_at=charge.made_at,
            )
            for charge in charges
        ],
        ignore_conflicts=True,
    )


def _keep_credits(invoice: Invoice, notes: Sequence[StripeCreditNote]) -> None:
    InvoiceCredit.objects.bulk_create(
        [_credit(invoice, note) for note in notes], ignore_conflicts=True
    )
    void = [note.id for note in notes if note.void]
    InvoiceCredit.objects.filter(
        organization_id=invoice.organization_id,
        stripe_credit_note_id__in=void,
        void=False,
    ).update(void=True)


def _credit(invoice: Invoice, note: StripeCreditNote) -> InvoiceCredit:
    return InvoiceCredit(
        organization_id=invoice.organization_id,
        invoice=invoice,
        stripe_credit_note_id=note.id,
        number=note.number,
        void=note.void,
        reason=note.reason,
        tax_minor=note.tax_minor,
        total_minor=note.total_minor,
        refunded_minor=note.refunded_minor,
        kept_minor=note.kept_minor,
        reduced_minor=note.reduced_minor,
        issued_at=note.issued_at,
        lines=[
            {
                "text": line.text,
                "quantity": line.quantity,
                "amount_minor": line.amount_minor,
                "tax_minor": line.tax_minor,
            }
            for line in note.lines
        ],
    )
