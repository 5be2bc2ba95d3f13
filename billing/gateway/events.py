"""Webhooks: is it really from Stripe, and what does it point at?"""

from __future__ import annotations

import stripe
from django.conf import settings

from billing.gateway.shapes import EventHint, text_id


class NotFromStripe(ValueError):
    """The signature is missing, wrong or too old, or the body is no event."""


def verify_event(body: bytes, signature: str) -> EventHint:
    """Check the signature of a delivery and say which object it is about.

    An event of another API version is as good: its object is read again anyway.
    Raises NotFromStripe.
    """
    try:
        event = stripe.Webhook.construct_event(
            body, signature, settings.STRIPE_WEBHOOK_SECRET
        )
        found = event.data.object
        event_id, event_type = event.id, event.type
    except (ValueError, AttributeError, stripe.SignatureVerificationError) as error:
        # AttributeError: well signed, but a body without what every event has.
        raise NotFromStripe(str(error)) from error
    object_id = getattr(found, "id", None) or ""
    customer = getattr(found, "customer", None)
    if getattr(found, "object", "") == "customer":
        customer = object_id
    return EventHint(event_id, event_type, str(object_id), text_id(customer))
