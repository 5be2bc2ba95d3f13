"""Giving money back: credit notes that refund the card an invoice was paid with."""

from __future__ import annotations

import datetime as dt

from billing.gateway.client import client
from billing.gateway.errors import translated
from billing.gateway.shapes import Refundable, StripeCredit, required_instant


def refundable_invoices(
    *, subscription_id: str, since: dt.datetime
) -> list[Refundable]:
    """The subscription's paid invoices from `since` on, newest first, and what is left.

    `left_minor` is what was paid less what former credit notes gave back.
    Raises GatewayUnavailable, GatewayRejected.
    """
    found: list[Refundable] = []
    with translated():
        page = client().v1.invoices.list(
            {
                "subscription": subscription_id,
                "status": "paid",
                "created": {"gte": int(since.timestamp())},
                "limit": 100,
            }
        )
        for invoice in page.auto_paging_iter():
            left = invoice.amount_paid - invoice.post_payment_credit_notes_amount
            if left > 0 and invoice.id:
                found.append(
                    Refundable(invoice.id, required_instant(invoice.created), left)
                )
    return sorted(found, key=lambda each: each.created_at, reverse=True)


def refund_invoice(
    *, invoice_id: str, amount_minor: int, own_ids: dict[str, str], key: str
) -> StripeCredit:
    """Credit `amount_minor`, tax included, and refund it to the card.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        note = client().v1.credit_notes.create(
            {
                "invoice": invoice_id,
                "amount": amount_minor,
                "refund_amount": amount_minor,
                "reason": "order_change",
                "metadata": own_ids,
            },
            {"idempotency_key": key},
        )
    return StripeCredit(note.id, note.number, note.total)


def find_credit(
    *, invoice_id: str, own_key: str, own_value: str
) -> StripeCredit | None:
    """The invoice's credit note whose metadata carries our id; null for none.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        page = client().v1.credit_notes.list({"invoice": invoice_id, "limit": 100})
        for note in page.auto_paging_iter():
            metadata = note.metadata.to_dict() if note.metadata else {}
            if metadata.get(own_key) == own_value:
                return StripeCredit(note.id, note.number, note.total)
    return None
