"""What we asked of Stripe, what Stripe told us, and whose it is."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from selfservice.accounts.models import TenantModel
from selfservice.core.ids import uuid7


class OperationState(models.TextChoices):
    """A connection error or a 500 means unknown, never failed."""

    STARTED = "started"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"


UNSETTLED = frozenset({OperationState.STARTED, OperationState.UNKNOWN})


class StripeOperation(TenantModel):
    """One write to Stripe, committed before the call with its idempotency key.

    A process that dies after any line leaves a row that the worker finishes: the
    same key again, so Stripe answers with what it did the first time. Written only
    by `services.operations`.
    """

    key = models.CharField(max_length=120)
    kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    arguments = models.JSONField(default=dict)
    state = models.CharField(
        max_length=10, choices=OperationState, default=OperationState.STARTED
    )
    result_id = models.CharField(max_length=64, blank=True, default="")
    error = models.CharField(max_length=500, blank=True, default="")
    attempts = models.PositiveIntegerField(default=0)
    # Whoever runs it holds it until then; afterwards somebody else may.
    leased_until = models.DateTimeField()
    # By the portal's clock, which the demo moves together with the sandbox's keys.
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "key"], name="stripeoperation_key_unique"
            ),
        ]
        indexes = [
            models.Index(
                fields=["leased_until"],
                condition=models.Q(state__in=["started", "unknown"]),
                name="stripeoperation_unfinished",
            ),
            models.Index(
                fields=["organization", "subject_id"],
                name="stripeoperation_by_subject",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class StripeEvent(models.Model):
    """One webhook delivery, stored before anything is done about it.

    No organization: which one it belongs to is found through `StripeRef`.
    """

    id = models.CharField(primary_key=True, max_length=64)
    type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=64, blank=True)
    customer_id = models.CharField(max_length=64, blank=True)
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    processed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["received_at"],
                condition=models.Q(processed_at=None),
                name="stripeevent_unprocessed",
            ),
        ]

    def __str__(self) -> str:
        return self.id


class StripeRef(models.Model):
    """Whose a Stripe object is: how an event finds its organization.

    One of our subscriptions may have several Stripe subscriptions over its life;
    `until` closes a ref, and events of a closed one change nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stripe_id = models.CharField(max_length=64)
    organization_id = models.UUIDField()
    kind = models.CharField(max_length=20)
    row_id = models.UUIDField()
    since = models.DateTimeField(db_default=Now(), editable=False)
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stripe_id"], name="striperef_stripe_id_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id
