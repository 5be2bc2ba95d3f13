"""One order, pressed by many at the same moment."""

from __future__ import annotations

import uuid

import pytest
import stripe

from billing.models import BillingAccount, BillingProfile, Invoice, PaymentMethod
from billing.services import operations
from billing.services.accounts import open_account
from selfservice.accounts.models import User
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services import contract
from selfservice.subscriptions.services.buying import Order, place_order
from tests.concurrency.racing import failures, race
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import *
from tests.stripe_sandbox import SOLD_TO

pytestmark = pytest.mark.django_db(transaction=True)


def bought_at_stripe(client: stripe.StripeClient, profile: BillingProfile) -> int:
    found = client.v1.subscriptions.list(
        {"customer": profile.stripe_customer_id, "status": "all"}
    )
    return len(found.data)


def test_eight_presses_of_one_order_are_one_purchase(
    order: Order, visa: PaymentMethod, anna: User, stripe_client: stripe.StripeClient
) -> None:
    presses = [lambda: place_order(order=order, card=visa, buyer=anna)] * 8

    assert failures(race(presses)) == []

    assert Subscription.objects.get().order_state == OrderState.CONFIRMED
    assert bought_at_stripe(stripe_client, order.profile) == 1
    assert Invoice.objects.count() == 1


def test_two_orders_are_two_purchases(
    order: Order, visa: PaymentMethod, anna: User, stripe_client: stripe.StripeClient
) -> None:
    """The control: it is the key that makes one of many."""
    orders = [another_like(order) for _ in range(2)]

    race([lambda o=o: place_order(order=o, card=visa, buyer=anna) for o in orders])

    assert bought_at_stripe(stripe_client, order.profile) == 2


def another_like(order: Order) -> Order:
    return Order(
        key=uuid.uuid4(),
        offer=order.offer,
        quantity=order.quantity,
        profile=order.profile,
        total=order.total,
        assign_to_me=False,
    )


def test_sweep_webhook_and_request_at_once_change_nothing_twice(
    order: Order, visa: PaymentMethod, anna: User
) -> None:
    bought = place_order(order=order, card=visa, buyer=anna)
    stripe_id = bought.stripe_subscription_id
    calls = [lambda: contract.sync_subscription(stripe_id)] * 4
    calls += [lambda: place_order(order=order, card=visa, buyer=anna)] * 2
    calls += [operations.sweep] * 2

    assert failures(race(calls)) == []

    again = Subscription.objects.get()
    assert again.assigned == 1
    assert again.term_end == bought.term_end


def test_an_account_opened_twice_at_once_is_one(
    anna: User, sandbox: SandboxProcess
) -> None:
    openings = [lambda: open_account(purchaser=anna, sold_to=SOLD_TO)] * 4

    race(openings)

    assert BillingAccount.objects.count() == 1
    assert BillingProfile.objects.get().stripe_customer_id
    keys = {call["key"] for call in sandbox.calls("POST", "/v1/customers")}
    assert len(keys) == 1
