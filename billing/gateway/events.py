"""Webhooks: is it really from Stripe, and what does it point at?"""

from __future__ import annotations

import dataclasses
from contextlib import suppress

import stripe
from django.conf import settings

from billing.gateway.shapes import EventHint, text_id

LONGEST_ID = 64


class NotFromStripe(ValueError):
    """The signature is missing, wrong or too old, or the body is no event."""


def verify_event(body: bytes, signature: str) -> EventHint:
    """Check the signature of a delivery and say which object it is about.

    An event of another API version is as good: its object is read again anyway.
    While a secret is being replaced, either of them is right. Raises NotFromStripe.
    """
    try:
        event = _signed(body, signature)
        found = event.data.object
        event_id, event_type = event.id, event.type
    except (ValueError, AttributeError, stripe.SignatureVerificationError) as error:
        # AttributeError: well signed, but a body without what every event has.
        raise NotFromStripe(str(error)) from error
    object_id = getattr(found, "id", None) or ""
    customer = getattr(found, "customer", None)
    if getattr(found, "object", "") == "customer":
        customer = object_id
    hint = EventHint(
        str(event_id), str(event_type), str(object_id), str(text_id(customer))
    )
    if not event_id or not all(_fits(word) for word in dataclasses.astuple(hint)):
        raise NotFromStripe("Its ids are none of Stripe's.")
    return hint


def _signed(body: bytes, signature: str) -> stripe.Event:
    """The event, by the first secret that fits. Raises what the last one said."""
    secrets = [secret.strip() for secret in settings.STRIPE_WEBHOOK_SECRET.split(",")]
    found: stripe.Event
    for secret in secrets[:-1]:
        with suppress(stripe.SignatureVerificationError):
            found = stripe.Webhook.construct_event(body, signature, secret)
            return found
    found = stripe.Webhook.construct_event(body, signature, secrets[-1])
    return found


def _fits(word: str) -> bool:
    """Whether it can be an id or a type: no database takes a NUL or a novel."""
    return len(word) <= LONGEST_ID and word.isprintable()
