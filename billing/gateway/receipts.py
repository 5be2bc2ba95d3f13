"""Reading what was paid of an invoice, and what credit notes took back."""

from __future__ import annotations

import stripe

from billing.gateway.client import client
from billing.gateway.errors import GatewayRejected, translated
from billing.gateway.invoices import download_pdf
from billing.gateway.shapes import (
    StripeCharge,
    StripeCreditLine,
    StripeCreditNote,
    required_instant,
    text_id,
)


def charges_of_invoice(invoice_id: str) -> list[StripeCharge]:
    """Every try of charging it to a card that has an answer, in no order.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        payments = client().v1.invoice_payments.list(
            {"invoice": invoice_id, "limit": 100}
        )
        intents = [
            text_id(payment.payment.payment_intent)
            for payment in payments.auto_paging_iter()
        ]
        return [
            _charge(charge)
            for intent in filter(None, intents)
            for charge in client()
            .v1.charges.list({"payment_intent": intent, "limit": 100})
            .auto_paging_iter()
            if charge.status != "pending"
        ]


def credit_notes_of_invoice(invoice_id: str) -> list[StripeCreditNote]:
    """Its credit notes with all their lines, in no order.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        page = client().v1.credit_notes.list({"invoice": invoice_id, "limit": 100})
        return [_note(note) for note in page.auto_paging_iter()]


def credit_note_pdf(credit_note_id: str) -> bytes:
    """The PDF that Stripe made of a credit note.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        url = client().v1.credit_notes.retrieve(credit_note_id).pdf
    if not url:
        raise GatewayRejected("This credit note has no PDF yet.")
    return download_pdf(url)


def _charge(charge: stripe.Charge) -> StripeCharge:
    details = charge.payment_method_details
    card = details.card if details else None
    outcome = charge.outcome
    reason = outcome.reason if outcome else None
    succeeded = charge.status == "succeeded"
    return StripeCharge(
        id=charge.id,
        amount_minor=charge.amount,
        succeeded=succeeded,
        decline="" if succeeded else reason or charge.failure_code or "",
        brand=(card.brand if card else None) or "",
        last4=(card.last4 if card else None) or "",
        receipt_number=charge.receipt_number or "",
        made_at=required_instant(charge.created),
    )


def _note(note: stripe.CreditNote) -> StripeCreditNote:
    kept = 0
    refunded = sum(refund.amount_refunded for refund in note.refunds)
    if note.customer_balance_transaction is not None:
        kept = note.post_payment_amount - refunded - (note.out_of_band_amount or 0)
    return StripeCreditNote(
        id=note.id,
        number=note.number,
        void=note.status == "void",
        reason=note.reason or "",
        tax_minor=sum(tax.amount for tax in note.total_taxes or []),
        total_minor=note.total,
        refunded_minor=refunded,
        kept_minor=kept,
        reduced_minor=note.pre_payment_amount,
        issued_at=required_instant(note.effective_at or note.created),
        lines=tuple(
            StripeCreditLine(
                text=line.description or "",
                quantity=line.quantity,
                amount_minor=line.amount,
                tax_minor=sum(tax.amount for tax in line.taxes or []),
            )
            for line in note.lines.auto_paging_iter()
        ),
    )
