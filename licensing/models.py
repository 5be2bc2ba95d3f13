"""Who holds which license."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from selfservice.accounts.models import TenantForeignKey, TenantModel
from selfservice.catalog.models import Product
from selfservice.subscriptions.models import Subscription


class LicenseAssignment(TenantModel):
    """One person's license out of one subscription, from then until then.

    Live while `ended_at` and `suspended_at` are null. Rows are kept as history and
    written only by `licensing.services.assigning`, which moves
    `Subscription.assigned` in the same transaction.
    """

    subscription = TenantForeignKey(
        Subscription,
        on_delete=models.PROTECT,
        related_name="assignments",
        db_index=False,
    )
    # Copied from the subscription: a person has one license per product and
    # purchaser, whichever subscription it comes from.
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    purchaser = TenantForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    user = TenantForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    # Null: the portal itself did it.
    assigned_by = TenantForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_index=False,
    )
    assigned_at = models.DateTimeField()
    suspended_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # Null: the portal itself did it.
    ended_by = TenantForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_index=False,
    )
    # The same for all that were taken back in one go, by which that is undone.
    withdrawal = models.UUIDField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "purchaser", "product", "user"],
                condition=Q(ended_at=None, suspended_at=None),
                name="licenseassignment_one_live_per_person",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "subscription", "assigned_at", "id"],
                condition=Q(ended_at=None, suspended_at=None),
                name="licenseassignment_live",
            ),
            # The people of a product, page by page: keys grow with time.
            models.Index(
                fields=["organization", "purchaser", "product", "id"],
                condition=Q(ended_at=None, suspended_at=None),
                name="licenseassignment_by_product",
            ),
            # What somebody holds. Alone it tells who holds two of a product.
            models.Index(
                fields=["organization", "user", "product"],
                include=["subscription", "suspended_at"],
                condition=Q(ended_at=None),
                name="licenseassignment_held",
            ),
            # What somebody had, for a while after it was taken back.
            models.Index(
                fields=["organization", "user", "ended_at"],
                condition=Q(ended_at__isnull=False),
                name="licenseassignment_ended",
            ),
            # When somebody last gave one back, of a subscription.
            models.Index(
                fields=["organization", "subscription", "ended_at"],
                condition=Q(ended_at__isnull=False),
                name="licenseassignment_given_back",
            ),
            models.Index(
                fields=["organization", "withdrawal"],
                condition=Q(withdrawal__isnull=False),
                name="licenseassignment_withdrawn",
            ),
        ]


class Bulk(models.TextChoices):
    """What is done with the licenses of everybody on a list."""

    ASSIGN = "assign"
    UNASSIGN = "unassign"


class BulkState(models.TextChoices):
    """How far a list is: it was looked at, it is being done, it was done."""

    DRAFT = "draft"
    UNDER_WAY = "under_way"
    DONE = "done"


class BulkList(TenantModel):
    """A list of people to assign licenses to, or to unassign them from, in one go.

    Who of them gets or loses one is worked out whenever it is looked at. `seal` is
    the digest of those who were shown when it was confirmed: them, or nobody. Kept
    for a week.
    """

    purchaser = TenantForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    does = models.CharField(max_length=10, choices=Bulk)
    people = ArrayField(models.UUIDField(), default=list)
    # Addresses that are nobody's, and entries that are no address.
    unknown = ArrayField(models.CharField(max_length=254), default=list)
    strange = ArrayField(models.CharField(max_length=254), default=list)
    repeated = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=BulkState, default=BulkState.DRAFT)
    seal = models.CharField(max_length=64, blank=True, default="")
    # Confirmed, but by then others were meant: nothing was done.
    overtaken = models.BooleanField(default=False)
    count = models.PositiveIntegerField(default=0)
    withdrawal = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    confirmed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
