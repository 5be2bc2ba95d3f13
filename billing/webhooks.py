"""What events about customers, cards and invoices do: read again, apply."""

from __future__ import annotations

from billing import gateway
from billing.services.cards import sync_card
from billing.services.invoices import sync_invoice
from billing.services.vat_numbers import told_by_stripe
from selfservice.core.hooks import StripeEventSeen, on_stripe_event


@on_stripe_event(
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "invoice.voided",
    "invoice.updated",
    "invoice.marked_uncollectible",
)
def invoice_changed(seen: StripeEventSeen) -> None:
    sync_invoice(seen.object_id)


@on_stripe_event("credit_note.created", "credit_note.updated", "credit_note.voided")
def credit_changed(seen: StripeEventSeen) -> None:
    """What was given back stands on the invoice."""
    sync_invoice(gateway.invoice_of_credit(seen.object_id))


@on_stripe_event(
    "payment_method.attached",
    "payment_method.updated",
    "payment_method.automatically_updated",
    "payment_method.detached",
)
def card_changed(seen: StripeEventSeen) -> None:
    sync_card(seen.object_id)


@on_stripe_event("customer.tax_id.created", "customer.tax_id.updated")
def tax_number_changed(seen: StripeEventSeen) -> None:
    """What the register said about a VAT number."""
    told_by_stripe(seen.customer_id)
