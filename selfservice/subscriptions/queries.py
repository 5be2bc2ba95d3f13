"""Reads of subscriptions, always through their purchaser and organization."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db.models import QuerySet

from billing.models import BillingProfile, Invoice, PaymentMethod
from billing.models.invoices import InvoiceStatus
from billing.services.accounts import currency_of
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import OrderState, Subscription

SHOWN = [OrderState.PROCESSING, OrderState.PENDING, OrderState.CONFIRMED]


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
    return (
        subscriptions_of(purchaser)
        .select_related("product", "plan", "price", "profile", "payment_method")
        .filter(pk=subscription_id)
        .first()
    )


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


def cards_of(profile: BillingProfile) -> list[PaymentMethod]:
    """The profile's cards, the newest first; a card entered twice stands once."""
    found = PaymentMethod.objects.filter(
        organization_id=profile.organization_id, profile=profile, detached_at=None
    ).order_by("id")
    by_card = {card.fingerprint: card for card in found}
    return sorted(by_card.values(), key=lambda card: card.pk, reverse=True)


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


def invoices_of(subscription: Subscription, limit: int = 5) -> list[Invoice]:
    """The latest invoices of a subscription; those before it was theirs are not."""
    return list(
        Invoice.objects.filter(
            organization_id=subscription.organization_id,
            subscription_id=subscription.pk,
            purchaser_id=subscription.purchaser_id,
        ).order_by("-finalized_at", "-id")[:limit]
    )


def first_unpaid(subscription: Subscription) -> str:
    """Stripe's id of the oldest invoice that is to be paid; empty for none."""
    waiting = Invoice.objects.filter(
        organization_id=subscription.organization_id,
        subscription_id=subscription.pk,
        status=InvoiceStatus.OPEN,
    ).order_by("finalized_at", "id")
    return waiting.values_list("stripe_invoice_id", flat=True).first() or ""


def activity_of(subscription: Subscription, limit: int = 8) -> list[Activity]:
    """The latest entries of the log about a subscription."""
    return list(
        Activity.objects.filter(
            organization_id=subscription.organization_id, subject_id=subscription.pk
        ).order_by("-id")[:limit]
    )
