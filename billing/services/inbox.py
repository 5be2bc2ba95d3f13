"""The webhook inbox: every event is stored first, then worked off once."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing import gateway
from billing.gateway.listing import is_gone
from billing.gateway.shapes import EventHint
from billing.models import StripeEvent
from selfservice.core import jobs
from selfservice.core.hooks import StripeEventSeen, stripe_handlers

log = logging.getLogger(__name__)

PROCESS_JOB = "billing.process_event"
# After this many tries an event is left for a person, with its error.
GIVE_UP_AFTER = 25
KEEP_FOR = dt.timedelta(days=30)


def receive(hint: EventHint) -> bool:
    """Store a verified event and queue it, in one transaction; false for a double."""
    with transaction.atomic():
        made = StripeEvent.objects.bulk_create(
            [
                StripeEvent(
                    id=hint.id,
                    type=hint.type,
                    object_id=hint.object_id,
                    customer_id=hint.customer_id,
                )
            ],
            ignore_conflicts=True,
        )
        # A conflict leaves no trace in `made`: only the row's own state tells.
        waiting = StripeEvent.objects.filter(pk=hint.id, processed_at=None).exists()
        if waiting:
            jobs.enqueue(PROCESS_JOB, key=f"event-{hint.id}", event_id=hint.id)
    return bool(made) and waiting


def process(event_id: str) -> None:
    """Read again from Stripe what the event points at, and apply it.

    Twice is harmless: whoever applies compares under the row's lock.
    Raises whatever the handler raised, after keeping it with the event.
    """
    event = StripeEvent.objects.get(pk=event_id)
    if event.processed_at is not None:
        return
    handler = stripe_handlers.get(event.type)
    note = ""
    try:
        if handler is not None:
            handler(StripeEventSeen(event.type, event.object_id, event.customer_id))
    except Exception as error:
        detail = getattr(error, "detail", error)
        note = f"{type(error).__name__}: {detail}"[:500]
        # What is gone stays gone, however often it is asked for.
        if isinstance(error, gateway.GatewayRejected) and is_gone(error):
            _done(event_id, note)
            return
        StripeEvent.objects.filter(pk=event_id).update(
            attempts=F("attempts") + 1, error=note
        )
        raise
    _done(event_id, note)


def _done(event_id: str, note: str) -> None:
    StripeEvent.objects.filter(pk=event_id).update(
        attempts=F("attempts") + 1, error=note, processed_at=timezone.now()
    )


def remove_old() -> int:
    """Forget events that were worked off a month ago; how many.

    Stripe sends nothing again after three days.
    """
    before = timezone.now() - KEEP_FOR
    return StripeEvent.objects.filter(processed_at__lt=before).delete()[0]


def sweep(*, older_than: dt.timedelta = dt.timedelta(minutes=1)) -> int:
    """Queue again what waits for too long: its job died with its worker."""
    waiting = StripeEvent.objects.filter(
        processed_at=None,
        received_at__lt=timezone.now() - older_than,
        attempts__lt=GIVE_UP_AFTER,
    ).order_by("received_at")[:200]
    count = 0
    for event in waiting:
        jobs.enqueue(PROCESS_JOB, key=f"event-{event.pk}", event_id=event.pk)
        count += 1
    return count
