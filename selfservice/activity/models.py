"""The record of what happened: written once, never changed, never deleted."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from selfservice.core.ids import uuid7


class Activity(models.Model):
    """One change: who did what to which thing, before and after.

    Holds plain ids, because the log outlives everything else and knows no other
    room. A trigger refuses UPDATE and DELETE. Written by `activity.services.record`
    inside the transaction of the change.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    # Null: the portal itself, or Stripe.
    actor_id = models.UUIDField(null=True)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    verb = models.CharField(max_length=48)
    # Ids, numbers and dates only; names stand where they can be erased.
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    happened_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["organization_id", "subject_id", "-id"],
                name="activity_by_subject",
            ),
            models.Index(fields=["organization_id", "-id"], name="activity_by_time"),
        ]
