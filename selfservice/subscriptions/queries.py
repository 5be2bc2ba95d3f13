"""Reads of subscriptions, always through their purchaser and organization."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import cache

from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Greatest

from billing.models import BillingProfile, Invoice
from billing.models.invoices import InvoiceStatus
from billing.services.accounts import currency_of
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.core import clock
from selfservice.core.statements import Later, Statement
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import OrderState, Subscription

LATEST_INVOICES, LATEST_ENTRIES = 5, 8
SHOWN = [OrderState.PROCESSING, OrderState.PENDING, OrderState.CONFIRMED]
# As `Subscription.is_trial`.
TRIAL = Q(quantity_after_trial__isnull=False) & (
    Q(term_end=None) | Q(trial_end=None) | Q(term_end__lte=F("trial_end"))
)


def period_minor() -> CombinedExpression:
    """The amount of `Subscription.period_total`, for sorting."""
    trial = When(TRIAL, then=Greatest("quantity_after_trial", "assigned"))
    return Case(trial, default=F("quantity")) * F("price__amount_minor")


def subscriptions_of(purchaser: User) -> QuerySet[Subscription]:
    """What this person bought, pending orders included."""
    return Subscription.objects.filter(
        organization_id=purchaser.organization_id,
        purchaser=purchaser,
        order_state__in=SHOWN,
    )


def subscription_for(
    purchaser: User, subscription_id: uuid.UUID
) -> Subscription | None:
    """One of the purchaser's subscriptions with all that its page shows."""
    found = _subscription().first(
        organization=purchaser.organization_id,
        purchaser=purchaser.pk,
        subscription=subscription_id,
    )
    if found is not None:
        found.purchaser = purchaser
    return found


def raises_a_trial(purchaser: User, product_id: uuid.UUID, count: int) -> bool:
    """Whether so many more licenses given out may raise what a trial will cost.

    Of one that goes on to a card: it is paid for as many people as hold a license.
    """
    now = clock.now()
    trials = subscriptions_of(purchaser).filter(
        product_id=product_id,
        order_state=OrderState.CONFIRMED,
        trial_end__gt=now,
        recurring_billing=True,
        quantity_after_trial__lt=F("assigned") + count,
    )
    return trials.exclude(payment_method=None).exists()


@cache
def _subscription() -> Statement[Subscription]:
    found = Subscription.objects.filter(
        organization_id=Later("organization"),
        purchaser_id=Later("purchaser"),
        pk=Later("subscription"),
        order_state__in=SHOWN,
    )
    joined = ("product", "plan", "price", "profile", "payment_method")
    return Statement(found.select_related(*joined)[:1], prepared=True)


def buyer_profiles(buyer: User) -> list[BillingProfile]:
    """The buyer's billing profiles that Stripe knows, oldest first."""
    profiles = BillingProfile.objects.filter(
        organization_id=buyer.organization_id, purchaser=buyer
    ).exclude(stripe_customer_id="")
    return list(profiles.select_related("account").order_by("id"))


def buyer_currency(buyer: User, profiles: list[BillingProfile]) -> str:
    """What the buyer pays in: the profile's, else that of their country."""
    if profiles:
        return profiles[0].currency
    return currency_of(buyer.organization.country)


def owned_licenses(purchaser: User, now: dt.datetime) -> dict[uuid.UUID, int]:
    """Free licenses by product, over the purchaser's usable subscriptions."""
    rows = (
        subscriptions_of(purchaser)
        .annotate(state=lifecycle.state_case(now))
        .filter(state__in=lifecycle.ASSIGNABLE)
        .values_list("product_id", "quantity", "assigned")
    )
    free: dict[uuid.UUID, int] = {}
    for product_id, quantity, assigned in rows:
        free[product_id] = free.get(product_id, 0) + quantity - assigned
    return free


def colleagues_with(buyer: User, product_id: uuid.UUID, now: dt.datetime) -> int:
    """How many others of the organization bought the product and can use it now."""
    bought = (
        Subscription.objects.filter(
            organization_id=buyer.organization_id,
            product_id=product_id,
            order_state=OrderState.CONFIRMED,
        )
        .exclude(purchaser=buyer)
        .annotate(state=lifecycle.state_case(now))
        .filter(state__in=[lifecycle.ACTIVE, lifecycle.PAST_DUE])
    )
    return bought.values("purchaser_id").distinct().count()


def invoices_of(subscription: Subscription) -> list[Invoice]:
    """The latest invoices of a subscription; those before it was theirs are not."""
    return _invoices().rows(
        organization=subscription.organization_id,
        subscription=subscription.pk,
        purchaser=subscription.purchaser_id,
    )


@cache
def _invoices() -> Statement[Invoice]:
    found = Invoice.objects.filter(
        organization_id=Later("organization"),
        subscription_id=Later("subscription"),
        purchaser_id=Later("purchaser"),
    )
    # The addresses on them are wide, and no list shows them.
    wanted = found.defer("sold_to", "bill_to")
    latest = wanted.order_by("-finalized_at", "-id")[:LATEST_INVOICES]
    return Statement(latest, prepared=True)


def first_unpaid(subscription: Subscription) -> uuid.UUID | None:
    """The oldest invoice of the purchaser that is to be paid; null for none."""
    waiting = Invoice.objects.filter(
        organization_id=subscription.organization_id,
        subscription_id=subscription.pk,
        purchaser_id=subscription.purchaser_id,
        status=InvoiceStatus.OPEN,
    ).order_by("finalized_at", "id")
    return waiting.values_list("pk", flat=True).first()


def activity_of(subscription: Subscription) -> list[Activity]:
    """The latest entries of the log about a subscription."""
    return _activity().rows(
        organization=subscription.organization_id, subscription=subscription.pk
    )


@cache
def _activity() -> Statement[Activity]:
    found = Activity.objects.filter(
        organization_id=Later("organization"), subject_id=Later("subscription")
    )
    return Statement(found.order_by("-id")[:LATEST_ENTRIES], prepared=True)
