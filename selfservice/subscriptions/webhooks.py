"""What events about subscriptions do: read again, apply."""

from __future__ import annotations

from selfservice.core.hooks import StripeEventSeen, invoice_subject, on_stripe_event
from selfservice.subscriptions.services.contract import (
    subject_of_invoice,
    sync_subscription,
)

invoice_subject.register(subject_of_invoice)


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
