"""The record of what happened, and the mail that follows from it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from selfservice.core.ids import uuid7


class Activity(models.Model):
    """One change: who did what to which thing, before and after; never changed.

    Holds plain ids, because the log outlives everything else and knows no other
    room. A trigger refuses UPDATE and DELETE. Written by `activity.services.record`
    inside the transaction of the change. The digests are those of `ActivityDetail`;
    empty where there is none.
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
    origin_digest = models.CharField(max_length=64, blank=True, db_default="")
    person_digest = models.CharField(max_length=64, blank=True, db_default="")
    happened_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["organization_id", "subject_id", "-id"],
                name="activity_by_subject",
            ),
            models.Index(
                fields=["organization_id", "actor_id", "-id"], name="activity_by_actor"
            ),
            models.Index(fields=["organization_id", "-id"], name="activity_by_time"),
        ]


class ActivityDetail(models.Model):
    """Who somebody was and where they were, beside the log: this can be erased.

    Written with its entry, which keeps a digest of both halves. A half and its salt
    are emptied together, by `activity.services.forgetting` only: without the salt
    the digest tells nothing, so that an address can't be guessed from it.
    """

    pk = models.CompositePrimaryKey("organization_id", "activity_id")
    organization_id = models.UUIDField()
    activity_id = models.UUIDField()
    actor_id = models.UUIDField(null=True)
    happened_at = models.DateTimeField()
    # The address in the network, kept as long as ACTIVITY_KEEPS_ORIGINS says.
    origin = models.CharField(max_length=45, blank=True, default="")
    origin_salt = models.CharField(max_length=32, blank=True, default="")
    name = models.CharField(max_length=256, blank=True, default="")
    email = models.CharField(max_length=254, blank=True, default="")
    person_salt = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["organization_id", "actor_id"],
                condition=~models.Q(person_salt=""),
                name="activitydetail_of_person",
            ),
            models.Index(
                fields=["happened_at"],
                condition=~models.Q(origin_salt=""),
                name="activitydetail_origins",
            ),
        ]


class Unsealed(models.Model):
    """An entry that waits for the worker's seal; written in the entry's statement."""

    pk = models.CompositePrimaryKey("organization_id", "activity_id")
    organization_id = models.UUIDField()
    activity_id = models.UUIDField()


class Seal(models.Model):
    """Some entries of one organization, in order, and a hash that holds them.

    Each holds the hash of the one before: they are one chain per organization. Made
    by the worker in batches, so that writing the log waits for nobody; a trigger
    refuses UPDATE and DELETE. `activity.chain` says how hashes are made.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    # From 1, without gaps.
    number = models.PositiveBigIntegerField()
    entries = ArrayField(models.UUIDField())
    # 32 bytes an entry, in the same order.
    digests = models.BinaryField()
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "number"], name="seal_number_unique"
            ),
        ]


class MailState(models.TextChoices):
    """How far a mail has come."""

    WAITING = "waiting"
    # Told in the reader's next digest.
    GATHERED = "gathered"
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
            models.Index(
                fields=["organization_id", "recipient_id"],
                condition=models.Q(state=MailState.GATHERED),
                name="mail_gathered",
            ),
        ]


class MailChoices(models.Model):
    """Which mail a person wants, and how. Without a row: all, each by itself."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    person_id = models.UUIDField()
    # Kinds that this person doesn't want.
    off = ArrayField(models.CharField(max_length=32), default=list)
    # Reminders come as one mail a day.
    digest = models.BooleanField(default=False)
    # The secret part of their calendar's address; empty while there is none.
    calendar_key = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "person_id"], name="mailchoices_of_person"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization_id", "calendar_key"],
                condition=~models.Q(calendar_key=""),
                name="mailchoices_by_calendar",
            ),
        ]


class LeadTimes(models.Model):
    """How many days before something happens to a subject a person hears of it.

    Only where they chose it: other subjects have the times of the room that tells.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    person_id = models.UUIDField()
    subject_id = models.UUIDField()
    days = ArrayField(models.PositiveSmallIntegerField(), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "subject_id", "person_id"],
                name="leadtimes_once",
            ),
        ]


class InvoiceMail(models.Model):
    """Who gets the invoices of a billing profile by mail. Without a row: nobody."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    profile_id = models.UUIDField()
    # Whether the purchaser gets them, and who else does.
    wanted = models.BooleanField(default=False)
    recipients = ArrayField(models.EmailField(), default=list)
    attach_pdf = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "profile_id"], name="invoicemail_of_profile"
            ),
        ]
