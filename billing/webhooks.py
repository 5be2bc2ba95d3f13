"""What events about customers, cards and invoices do: read again, apply."""

from __future__ import annotations

from billing import gateway
from billing.models import BillingProfile
from billing.services import refs
from billing.services.cards import keep_card
from billing.services.invoices import sync_invoice
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


@on_stripe_event(
    "payment_method.attached",
    "payment_method.updated",
    "payment_method.automatically_updated",
)
def card_changed(seen: StripeEventSeen) -> None:
    """Update a card that the portal knows; one that is only being entered waits."""
    if refs.find(seen.object_id) is None:
        return
    card = gateway.read_card(seen.object_id)
    ref = refs.find(card.customer_id)
    if ref is None:
        return
    profile = BillingProfile.objects.get(
        organization_id=ref.organization_id, pk=ref.row_id
    )
    keep_card(profile=profile, card=card)
