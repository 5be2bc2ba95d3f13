"""Answers that come late, or to another question: none of them is believed."""

from __future__ import annotations

import pytest
import requests
import stripe

from billing import gateway
from billing.models import PaymentMethod
from billing.services import operations
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services import buying, contract
from selfservice.subscriptions.services.buying import Order, place_order
from tests.reliability.world import let_leases_end
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import enter_card

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox_only]


def test_the_key_answers_with_what_was_so_then_and_the_row_has_what_is_so_now(
    order: Order,
    anna: User,
    stripe_client: stripe.StripeClient,
    sandbox: SandboxProcess,
) -> None:
    card = enter_card(stripe_client, order.profile, "pm_card_authenticationRequired")
    sandbox.fault("drop_after", "POST", "/v1/subscriptions", times=3)
    waiting = place_order(order=order, card=card, buyer=anna)
    assert waiting.order_state == OrderState.PROCESSING
    (made,) = stripe_client.v1.subscriptions.list({"status": "incomplete"}).data
    page = gateway.hosted_invoice_url(str(made.latest_invoice))
    requests.post(page, data={"outcome": "ok"}, timeout=30)

    let_leases_end()
    operations.sweep()

    assert Subscription.objects.get().order_state == OrderState.CONFIRMED
    assert not Activity.objects.filter(verb="order_declined").exists()


def test_what_stripe_says_of_the_last_try_is_not_said_of_this_one(
    order: Order, visa: PaymentMethod, anna: User, stripe_client: stripe.StripeClient
) -> None:
    bad = enter_card(stripe_client, order.profile, "pm_card_chargeCustomerFail")
    declined = place_order(order=order, card=bad, buyer=anna)
    assert buying._begin(order, visa, anna)

    contract.sync_subscription(declined.stripe_subscription_id)

    again = Subscription.objects.get()
    assert again.order_state == OrderState.PROCESSING
    assert again.stripe_subscription_id == ""
