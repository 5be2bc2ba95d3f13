"""Reading invoices, their PDFs and how their payment went."""

from __future__ import annotations

from contextlib import suppress

import requests
import stripe

from billing.gateway.client import client, refuse_inside_transaction
from billing.gateway.errors import GatewayRejected, GatewayUnavailable, translated
from billing.gateway.patience import shortened
from billing.gateway.shapes import (
    PaymentTry,
    StripeInvoice,
    StripeInvoiceLine,
    instant,
    rate_bp,
    required_instant,
    text_id,
)

PDF_LIMIT_BYTES = 10_000_000


def read_invoice(invoice_id: str) -> StripeInvoice:
    """As it is now, with all its lines. Raises GatewayUnavailable, GatewayRejected."""
    with translated():
        found = client().v1.invoices.retrieve(invoice_id)
        lines = list(found.lines.auto_paging_iter())
    return as_invoice(found, lines)


def invoice_of_credit(credit_note_id: str) -> str:
    """The id of the invoice that a credit note is about.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        return text_id(client().v1.credit_notes.retrieve(credit_note_id).invoice)


def invoice_ids_of_subscription(subscription_id: str) -> list[str]:
    """The ids of a subscription's invoices, newest first.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        page = client().v1.invoices.list(
            {"subscription": subscription_id, "limit": 100}
        )
        return [found.id for found in page.auto_paging_iter() if found.id]


def last_payment_try(invoice_id: str) -> PaymentTry | None:
    """How the last try to pay it ended; null when nothing was tried.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        payments = client().v1.invoice_payments.list(
            {"invoice": invoice_id, "expand": ["data.payment.payment_intent"]}
        )
    for payment in payments.data:
        intent = payment.payment.payment_intent
        if isinstance(intent, stripe.PaymentIntent):
            error = intent.last_payment_error
            decline = ""
            if error is not None:
                decline = getattr(error, "decline_code", None) or error.code or ""
            return PaymentTry(intent.status, decline)
    return None


def pay_invoice(*, invoice_id: str, card_id: str, key: str) -> None:
    """Charge an open invoice to that card, now and only once.

    Raises ActionRequired when the bank wants to be asked by its cardholder,
    PaymentDeclined, GatewayUnavailable, GatewayRejected (also when it is paid).
    """
    with translated():
        client().v1.invoices.pay(
            invoice_id,
            # The cardholder is here: the bank may ask something.
            {"payment_method": card_id, "off_session": False},
            {"idempotency_key": key},
        )


def void_invoice(*, invoice_id: str, key: str) -> None:
    """Void an open invoice; one that is paid or void already stays as it is.

    Raises GatewayUnavailable.
    """
    with suppress(GatewayRejected), translated():
        client().v1.invoices.void_invoice(invoice_id, {}, {"idempotency_key": key})


def hosted_invoice_url(invoice_id: str) -> str:
    """Stripe's own page of an invoice, where a payment can be confirmed.

    Asked for when needed and never kept, because Stripe's addresses expire.
    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        url = client().v1.invoices.retrieve(invoice_id).hosted_invoice_url
    if not url:
        raise GatewayRejected("This invoice has no payment page.")
    return url


def invoice_pdf(invoice_id: str) -> bytes:
    """The PDF that Stripe made of a final invoice.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        url = client().v1.invoices.retrieve(invoice_id).invoice_pdf
    if not url:
        raise GatewayRejected("This invoice has no PDF yet.")
    return download_pdf(url)


def download_pdf(url: str) -> bytes:
    """What is at an address of Stripe's. Raises GatewayUnavailable."""
    refuse_inside_transaction()
    timeout = shortened((3, 15))
    if timeout is None:
        raise GatewayUnavailable
    try:
        answer = requests.get(url, timeout=timeout)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise GatewayUnavailable from error
    if not answer.content.startswith(b"%PDF") or len(answer.content) > PDF_LIMIT_BYTES:
        raise GatewayUnavailable
    return answer.content


def as_invoice(
    found: stripe.Invoice, lines: list[stripe.InvoiceLineItem]
) -> StripeInvoice:
    """Ours from theirs; `lines` are all of them, because an invoice shows only ten."""
    taxes = found.total_taxes or []
    parent = found.parent.subscription_details if found.parent else None
    transitions = found.status_transitions
    excluding = found.total_excluding_tax
    return StripeInvoice(
        id=found.id or "",
        number=found.number or "",
        status=found.status or "draft",
        attempted=found.attempted,
        customer_id=text_id(found.customer),
        subscription_id=text_id(parent.subscription) if parent else "",
        reason=found.billing_reason or "",
        currency=found.currency.upper(),
        subtotal_minor=found.subtotal if excluding is None else excluding,
        tax_minor=sum(tax.amount for tax in taxes),
        total_minor=found.total,
        paid_minor=found.amount_paid,
        remaining_minor=found.amount_remaining,
        refunded_minor=found.post_payment_credit_notes_amount,
        finalized_at=instant(transitions.finalized_at),
        paid_at=instant(transitions.paid_at),
        period_start=required_instant(found.period_start),
        period_end=required_instant(found.period_end),
        bill_to=_bill_to(found),
        po_number=_po_number(found),
        lines=tuple(_line(line) for line in lines),
    )


def _bill_to(found: stripe.Invoice) -> dict[str, str]:
    address = found.customer_address
    words = {"name": found.customer_name or "", "email": found.customer_email or ""}
    for part in ("line1", "line2", "postal_code", "city", "country"):
        words[part] = (getattr(address, part, None) or "") if address else ""
    words["region"] = (address.state or "") if address else ""
    numbers = [tax_id.value or "" for tax_id in found.customer_tax_ids or []]
    words["tax_id"] = numbers[0] if numbers else ""
    return words


def _po_number(found: stripe.Invoice) -> str:
    for field in found.custom_fields or []:
        if field.name == "PO number":
            return str(field.value)
    return ""


def _line(line: stripe.InvoiceLineItem) -> StripeInvoiceLine:
    taxes = line.taxes or []
    tax_minor = sum(tax.amount for tax in taxes)
    pricing = line.pricing
    unit = pricing.unit_amount_decimal if pricing else None
    details = line.parent.subscription_item_details if line.parent else None
    return StripeInvoiceLine(
        text=line.description or "",
        quantity=line.quantity,
        unit_minor=int(unit) if unit is not None else None,
        amount_minor=line.amount,
        tax_minor=tax_minor,
        tax_rate_bp=rate_bp(tax_minor, sum(t.taxable_amount or 0 for t in taxes)),
        is_proration=bool(details and details.proration),
        period_start=required_instant(line.period.start),
        period_end=required_instant(line.period.end),
    )
