"""What events about subscriptions do: read again, apply."""

from __future__ import annotations

from contextlib import suppress

from billing.gateway import GatewayRejected, GatewayUnavailable
from selfservice.core.hooks import (
    InvoicePaid,
    StripeEventSeen,
    invoice_paid,
    invoice_subject,
    on_stripe_event,
)
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.contract import (
    subject_of_invoice,
    sync_subscription,
)

invoice_subject.register(subject_of_invoice)


def invoice_was_paid(seen: InvoicePaid) -> None:
    """What it was past due for goes on at once; the event says the same, later."""
    found = Subscription.objects.filter(
        organization_id=seen.organization_id, pk=seen.subscription_id
    ).first()
    if found is not None and found.stripe_subscription_id:
        with suppress(GatewayUnavailable, GatewayRejected):
            sync_subscription(found.stripe_subscription_id)


invoice_paid.register(invoice_was_paid)


@on_stripe_event(
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.pending_update_applied",
    "customer.subscription.pending_update_expired",
    "customer.subscription.trial_will_end",
)
def subscription_changed(seen: StripeEventSeen) -> None:
    sync_subscription(seen.object_id)
