"""Paid subscriptions with what stands behind them, without asking Stripe."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

from billing.models import BillingAccount, BillingProfile, PaymentMethod
from selfservice.accounts.models import User
from selfservice.catalog.models import Product
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.core.dates import add_months
from selfservice.subscriptions.models import OrderState, Subscription
from tests.factories.catalog import make_offer

_numbers = itertools.count(1)
_ADDRESS = {
    "line1": "Kade 1",
    "postal_code": "3011 AB",
    "city": "Rotterdam",
    "country": "NL",
}


def make_profile(purchaser: User, **fields: Any) -> BillingProfile:
    """A billing profile with a Visa, in the purchaser's one billing account."""
    account, _ = BillingAccount.objects.get_or_create(
        organization_id=purchaser.organization_id,
        purchaser=purchaser,
        defaults={
            "name": purchaser.organization.name,
            "email": purchaser.email,
            **_ADDRESS,
        },
    )
    defaults: dict[str, Any] = {
        "name": purchaser.organization.name,
        "bill_to_name": purchaser.organization.name,
        "email": purchaser.email,
        "currency": "EUR",
        "stripe_customer_id": f"cus_made_{next(_numbers)}",
        **_ADDRESS,
    }
    profile = BillingProfile.objects.create(
        organization_id=purchaser.organization_id,
        account=account,
        purchaser=purchaser,
        **(defaults | fields),
    )
    profile.payment_method = make_card(profile)
    profile.save()
    return profile


def make_card(profile: BillingProfile, **fields: Any) -> PaymentMethod:
    """A Visa that is valid for years."""
    defaults: dict[str, Any] = {
        "stripe_payment_method_id": f"pm_made_{next(_numbers)}",
        "brand": "visa",
        "last4": "4242",
        "exp_month": 12,
        "exp_year": clock.now().year + 4,
        "fingerprint": "made4242",
    }
    return PaymentMethod.objects.create(
        organization_id=profile.organization_id,
        profile=profile,
        **(defaults | fields),
    )


def make_subscription(
    purchaser: User,
    product: Product | None = None,
    *,
    quantity: int = 5,
    profile: BillingProfile | None = None,
    offer: Offer | None = None,
    term_start: dt.datetime | None = None,
    **fields: Any,
) -> Subscription:
    """A confirmed subscription, paid for and active: bought an hour ago unless told.

    `fields` go on the row: an `order_state`, a `disabled_at`, a `stripe_status`.
    """
    offer = offer or _offer(product)
    profile = profile or _profile(purchaser)
    start = term_start or clock.now() - dt.timedelta(hours=1)
    card = profile.payment_method
    assert card is not None
    defaults = _usual(offer, quantity, start)
    if fields.get("stripe_status") == "past_due":
        defaults["past_due_since"] = defaults["period_start"]
    return Subscription.objects.create(
        organization_id=purchaser.organization_id,
        purchaser=purchaser,
        product_id=offer.plan.product_id,
        plan=offer.plan,
        price=offer.price,
        profile=profile,
        payment_method=card,
        quantity=quantity,
        **(defaults | fields),
    )


def _usual(offer: Offer, quantity: int, start: dt.datetime) -> dict[str, Any]:
    return {
        "order_key": uuid.uuid4(),
        "order_state": OrderState.CONFIRMED,
        "expected_total_minor": offer.price.amount_minor * quantity,
        "terms_version": "2026-10-01",
        "assign_to_purchaser": False,
        "ordered_at": start,
        "bought_at": start,
        "term_start": start,
        "term_end": add_months(start, offer.plan.term_months),
        "period_start": start,
        "period_end": add_months(start, offer.plan.billing_months),
        "stripe_subscription_id": f"sub_made_{next(_numbers)}",
        "stripe_status": "active",
        "stripe_synced_at": start,
    }


def _offer(product: Product | None) -> Offer:
    """The product's first plan and its price, made when it has none."""
    plan = product.plans.first() if product else None
    price = plan.prices.first() if plan else None
    return Offer(plan, price) if plan and price else make_offer(product)


def _profile(purchaser: User) -> BillingProfile:
    known = BillingProfile.objects.filter(
        organization_id=purchaser.organization_id, purchaser=purchaser
    ).select_related("payment_method")
    return known.first() or make_profile(purchaser)
