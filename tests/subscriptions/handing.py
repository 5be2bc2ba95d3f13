"""What is needed to hand a subscription to a colleague, and to look at both."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import stripe

from billing.models import BillingProfile, PaymentMethod
from billing.services.accounts import open_account
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.core.money import Money
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.buying import Order, place_order, quote
from selfservice.subscriptions.services.changing import Outcome
from selfservice.subscriptions.services.transferring import (
    CannotTransfer,
    plan_transfer,
    transfer,
)
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import SOLD_TO, enter_card
from tests.subscriptions.changing import *
from tests.subscriptions.changing import (
    DAY,
    catch_up,
    pass_time,
    read,
)


@pytest.fixture
def brams(bram: User, sandbox: SandboxProcess) -> BillingProfile:
    return open_account(purchaser=bram, sold_to=SOLD_TO)


@pytest.fixture
def brams_card(
    brams: BillingProfile, stripe_client: stripe.StripeClient
) -> PaymentMethod:
    return enter_card(stripe_client, brams, "pm_card_mastercard")


@pytest.fixture
def old(bought: Subscription, sandbox: SandboxProcess) -> Subscription:
    """Bought three weeks ago."""
    pass_time(sandbox, 21 * DAY)
    return catch_up(bought)


def hand_over(subscription: Subscription, receiver: User, **more: Any) -> Outcome:
    planned = plan_transfer(subscription=subscription, receiver=receiver, **more)
    return transfer(planned)


def former(client: stripe.StripeClient, before: Subscription) -> stripe.Subscription:
    return client.v1.subscriptions.retrieve(before.stripe_subscription_id)


def place(
    offer: Offer, profile: BillingProfile, card: PaymentMethod, buyer: User
) -> Subscription:
    total = quote(offer=offer, quantity=2, profile=profile)
    order = Order(
        key=uuid.uuid4(),
        offer=offer,
        quantity=2,
        profile=profile,
        total=Money(total.total_minor, total.currency),
        assign_to_me=False,
    )
    return read(place_order(order=order, card=card, buyer=buyer))


def refusal(subscription: Subscription, receiver: User, **more: Any) -> str:
    with pytest.raises(CannotTransfer) as refused:
        plan_transfer(subscription=subscription, receiver=receiver, **more)
    return str(refused.value)


def running(
    client: stripe.StripeClient, card: PaymentMethod
) -> list[stripe.Subscription]:
    customer = card.profile.stripe_customer_id
    return list(client.v1.subscriptions.list({"customer": customer}).data)
