"""A trial that was started, with and without a card."""

from __future__ import annotations

import uuid

import pytest
import stripe

from billing.models import BillingProfile, PaymentMethod
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.core.money import Money
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.buying import Order, place_order, quote
from tests.stripe_sandbox import enter_card
from tests.subscriptions.changing import read


@pytest.fixture
def trial_offer(diagrams: Offer) -> Offer:
    """A year billed monthly that can be tried, with a card."""
    product = diagrams.plan.product
    product.trial_offered = product.trial_needs_card = True
    product.save()
    return diagrams


@pytest.fixture
def cardless_offer(trial_offer: Offer) -> Offer:
    """The same, tried without a card."""
    trial_offer.plan.product.trial_needs_card = False
    trial_offer.plan.product.save()
    return trial_offer


@pytest.fixture
def trial(
    trial_offer: Offer, profile: BillingProfile, visa: PaymentMethod, anna: User
) -> Subscription:
    """Three licenses wanted afterwards; one of the 25 is Anna's."""
    return start(trial_offer, profile, visa, anna, quantity=3)


@pytest.fixture
def cardless(
    cardless_offer: Offer, profile: BillingProfile, anna: User
) -> Subscription:
    """Ends by itself."""
    return start(cardless_offer, profile, None, anna)


@pytest.fixture
def declining(
    profile: BillingProfile, stripe_client: stripe.StripeClient
) -> PaymentMethod:
    """A card that can be entered, and then always says no."""
    return enter_card(stripe_client, profile, "pm_card_chargeCustomerFail")


@pytest.fixture
def asking(
    profile: BillingProfile, stripe_client: stripe.StripeClient
) -> PaymentMethod:
    """A card whose bank wants every payment confirmed."""
    return enter_card(stripe_client, profile, "pm_card_authenticationRequired")


def start(
    offer: Offer,
    profile: BillingProfile,
    card: PaymentMethod | None,
    buyer: User,
    *,
    quantity: int = 1,
) -> Subscription:
    """Place the order of a trial, as Checkout does."""
    later = quote(offer=offer, quantity=quantity, profile=profile)
    order = Order(
        key=uuid.uuid4(),
        offer=offer,
        quantity=quantity,
        profile=profile,
        total=Money(later.total_minor, later.currency),
        assign_to_me=True,
        trial=True,
    )
    return read(place_order(order=order, card=card, buyer=buyer))
