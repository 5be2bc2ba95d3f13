"""What purchasers bought."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Least, Now
from django.utils.translation import gettext_lazy as _

from billing.models import BillingProfile, PaymentMethod
from selfservice.accounts.models import TenantForeignKey, TenantModel
from selfservice.catalog.models import Plan, Price, Product
from selfservice.core.money import Money


class OrderState(models.TextChoices):
    """How far the order has come. Only a confirmed one is a subscription to use."""

    PROCESSING = "processing", _("Processing")
    PENDING = "pending", _("Payment pending")
    CONFIRMED = "confirmed", _("Confirmed")
    DECLINED = "declined", _("Declined")
    DROPPED = "dropped", _("Dropped")


class CancelReason(models.TextChoices):
    """Why somebody cancels, in the words of the pane."""

    NOT_NEEDED = "not_needed", _("No longer needed")
    EXPENSIVE = "expensive", _("Too expensive")
    FEATURES = "features", _("Missing features")
    HARD = "hard", _("Hard to use")
    TECHNICAL = "technical", _("Technical problems")
    MISTAKE = "mistake", _("Bought by mistake")
    SWITCHING = "switching", _("Switching to another product")
    CENTRAL = "central", _("Moving to a license from my organization")
    OTHER = "other", _("Other")


class Subscription(TenantModel):
    """One purchaser's contract on one price, with `quantity` licenses.

    Made by `services.buying.place_order` before Stripe is asked, so that whatever
    is pressed, reloaded or lost, there is one row for one order. `assigned` counts
    the live assignments and is moved only by `licensing.services.assigning`; the
    database refuses more than `quantity`, and more than a smaller number that is
    already scheduled.
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
    plan = models.ForeignKey(
        Plan, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    price = models.ForeignKey(
        Price, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    profile = TenantForeignKey(
        BillingProfile, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # Null: a trial without a card.
    payment_method = TenantForeignKey(
        PaymentMethod,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_index=False,
    )
    quantity = models.PositiveIntegerField()
    scheduled_quantity = models.PositiveIntegerField(null=True, blank=True)
    assigned = models.PositiveIntegerField(default=0)

    # The order. The key comes from Checkout's address: one order, however often
    # it is sent. Every try at paying is an attempt with a key of its own.
    order_key = models.UUIDField()
    order_state = models.CharField(
        max_length=10, choices=OrderState, default=OrderState.PROCESSING
    )
    attempt = models.PositiveSmallIntegerField(default=1)
    decline = models.CharField(max_length=300, blank=True, default="")
    expected_total_minor = models.BigIntegerField()
    terms_version = models.CharField(max_length=20)
    assign_to_purchaser = models.BooleanField(default=True)
    ordered_at = models.DateTimeField()

    # The contract, from the day on which it is paid.
    bought_at = models.DateTimeField(null=True, blank=True)
    term_start = models.DateTimeField(null=True, blank=True)
    term_end = models.DateTimeField(null=True, blank=True)
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    trial_end = models.DateTimeField(null=True, blank=True)
    # Began as a trial: how many licenses are wanted afterwards. Null: it didn't.
    quantity_after_trial = models.PositiveIntegerField(null=True, blank=True)
    trial_extended_at = models.DateTimeField(null=True, blank=True)
    recurring_billing = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    # The start of the period that could not be charged; null while all is paid.
    past_due_since = models.DateTimeField(null=True, blank=True)

    # Every change that is begun counts; a preview is good for one number only.
    change_number = models.PositiveIntegerField(default=0)
    # More licenses that wait until the bank has confirmed their payment.
    pending_quantity = models.PositiveIntegerField(null=True, blank=True)
    pending_until = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(
        max_length=12, choices=CancelReason, blank=True, default=""
    )
    cancel_feedback = models.CharField(max_length=2000, blank=True, default="")

    # Stripe's side of it.
    stripe_subscription_id = models.CharField(max_length=64, blank=True, default="")
    stripe_item_id = models.CharField(max_length=64, blank=True, default="")
    # As many as it charges for; differs from ours only in a trial.
    stripe_quantity = models.PositiveIntegerField(null=True, blank=True)
    stripe_status = models.CharField(max_length=24, blank=True, default="")
    stripe_synced_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gte=1), name="subscription_quantity_positive"
            ),
            models.CheckConstraint(
                condition=Q(
                    assigned__lte=Least(
                        F("quantity"), Coalesce(F("scheduled_quantity"), F("quantity"))
                    )
                ),
                name="subscription_assigned_within_quantity",
            ),
            models.CheckConstraint(
                condition=~Q(order_state="confirmed")
                | Q(term_start__isnull=False, term_end__isnull=False),
                name="subscription_confirmed_has_term",
            ),
            models.UniqueConstraint(
                fields=["organization", "id"], name="subscription_organization_id"
            ),
            models.UniqueConstraint(
                fields=["organization", "order_key"],
                name="subscription_order_key_unique",
            ),
            models.UniqueConstraint(
                fields=["organization", "product"],
                condition=Q(
                    quantity_after_trial__isnull=False,
                    order_state__in=["processing", "pending", "confirmed"],
                ),
                name="subscription_one_trial",
            ),
            models.CheckConstraint(
                condition=Q(quantity_after_trial__gte=1),
                name="subscription_quantity_after_trial_positive",
            ),
            models.CheckConstraint(
                condition=Q(payment_method__isnull=False)
                | Q(quantity_after_trial__isnull=False),
                name="subscription_card_unless_trial",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "purchaser", "product"],
                name="subscription_by_purchaser",
            ),
            models.Index(
                fields=["organization", "product"], name="subscription_by_product"
            ),
            models.Index(
                fields=["organization", "profile"], name="subscription_by_profile"
            ),
        ]

    @property
    def available(self) -> int:
        """Licenses that can be assigned now; a smaller scheduled number counts."""
        limit = self.quantity
        if self.scheduled_quantity is not None:
            limit = min(limit, self.scheduled_quantity)
        return max(limit - self.assigned, 0)

    @property
    def card(self) -> PaymentMethod:
        """The card that pays. Raises ValueError for a trial without one."""
        if self.payment_method is None:
            raise ValueError("A trial without a card is never charged.")
        return self.payment_method

    @property
    def term_starts(self) -> dt.datetime:
        """`term_start` of a confirmed one. Raises ValueError before it is."""
        return _known(self.term_start)

    @property
    def term_ends(self) -> dt.datetime:
        """`term_end` of a confirmed one. Raises ValueError before it is."""
        return _known(self.term_end)

    @property
    def period_ends(self) -> dt.datetime:
        """`period_end` of a confirmed one. Raises ValueError before it is."""
        return _known(self.period_end)

    @property
    def is_trial(self) -> bool:
        """Whether nothing has been paid for yet, as far as our row knows."""
        if self.quantity_after_trial is None:
            return False
        if self.term_end is None or self.trial_end is None:
            return True
        return self.term_end <= self.trial_end

    @property
    def paid_quantity(self) -> int:
        """How many licenses are paid for; of a trial, how many will be.

        Never fewer than people hold one: nobody loses theirs when a trial ends.
        """
        if not self.is_trial:
            return self.quantity
        return max(self.quantity_after_trial or 1, self.assigned)

    @property
    def period_total(self) -> Money:
        """What the paid licenses cost per billing period, exclusive of tax."""
        return self.price.money * self.paid_quantity


def _known(instant: dt.datetime | None) -> dt.datetime:
    if instant is None:
        raise ValueError("Only a confirmed subscription has a term.")
    return instant


class ScheduledChange(TenantModel):
    """What becomes of a subscription at its renewal; at most one waits.

    Made before Stripe is told, so that from then on no more licenses can be assigned
    than will be left. Written by `services.scheduling`.
    """

    subscription = TenantForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    quantity = models.PositiveIntegerField()
    price = models.ForeignKey(
        Price, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    takes_effect_at = models.DateTimeField()
    # Empty until Stripe answered.
    stripe_schedule_id = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "subscription"],
                name="scheduledchange_one_per_subscription",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1), name="scheduledchange_quantity_positive"
            ),
        ]


class ContractReason(models.TextChoices):
    """Why another subscription of Stripe's takes the place of the one there was."""

    REACTIVATION = "reactivate", _("Reactivation")


class ContractState(models.TextChoices):
    """How far it has come."""

    WAITING = "waiting", _("Payment pending")
    TAKEN = "taken", _("Confirmed")
    DROPPED = "dropped", _("Dropped")


class NextContract(TenantModel):
    """What a subscription goes on as at Stripe, once that is paid.

    One subscription of ours may have several of Stripe's, one after the other, each
    with an `attempt` of its own. Until the next one is paid nothing changes on the
    subscription; then it takes over what stands here. Written by
    `services.next_contract`. `total_minor` is the first charge, tax included.
    """

    subscription = TenantForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    attempt = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=12, choices=ContractReason)
    state = models.CharField(
        max_length=8, choices=ContractState, default=ContractState.WAITING
    )
    profile = TenantForeignKey(
        BillingProfile, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    payment_method = TenantForeignKey(
        PaymentMethod, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    price = models.ForeignKey(
        Price, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    quantity = models.PositiveIntegerField()
    total_minor = models.BigIntegerField()
    # Empty until Stripe answered.
    stripe_subscription_id = models.CharField(max_length=64, blank=True, default="")
    begun_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "subscription", "attempt"],
                name="nextcontract_attempt_unique",
            ),
            models.UniqueConstraint(
                fields=["organization", "subscription"],
                condition=Q(state="waiting"),
                name="nextcontract_one_waits",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1), name="nextcontract_quantity_positive"
            ),
        ]

    @property
    def total(self) -> Money:
        """The first charge, tax included."""
        return Money(self.total_minor, self.price.currency)


class QuantityReason(models.TextChoices):
    """Why the number of licenses changed."""

    ADDED = "added", _("Added")
    REMOVED = "removed", _("Removed")
    TRIAL = "trial", _("After the trial")
    RENEWAL = "renewal", _("Changed at renewal")
    OUTSIDE = "outside", _("Changed at the payment provider")


class QuantityChange(TenantModel):
    """One change of the number of licenses, after the purchase.

    What was added tells how many can go back for a refund within the window.
    """

    subscription = TenantForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=10, choices=QuantityReason)
    delta = models.IntegerField()
    quantity = models.PositiveIntegerField()
    happened_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["organization", "subscription", "happened_at"],
                name="quantitychange_by_subscription",
            ),
        ]
