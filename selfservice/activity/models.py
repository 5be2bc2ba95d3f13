"""The record of what happened, and the mail that follows from it."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from selfservice.core.ids import uuid7


class Activity(models.Model):
    """One change: who did what to which thing, before and after; never changed.

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


class MailState(models.TextChoices):
    """How far a mail has come."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class Mail(models.Model):
    """One mail: one fact told to one person, once.

    Written by `activity.services.mail` inside the transaction of the change, and sent
    after its commit by `activity.services.sending`. Holds plain ids, like the log.
    The reader can be erased: `address` and `name` are all that it says of them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    # Which time it is that the same thing happens to the subject.
    period = models.CharField(max_length=40, blank=True, default="")
    recipient_id = models.UUIDField()
    address = models.CharField(max_length=254)
    name = models.CharField(max_length=256)
    language = models.CharField(max_length=8)
    # The page it leads to, without the portal's own address.
    path = models.CharField(max_length=300)
    zone = models.CharField(max_length=50)
    # What the text needs, until it is sent.
    context = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=MailState, default=MailState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "organization_id",
                    "kind",
                    "subject_id",
                    "period",
                    "recipient_id",
                ],
                name="mail_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization_id", "created_at"],
                condition=models.Q(state=MailState.WAITING),
                name="mail_waiting",
            ),
        ]
