"""Rows that two want to change at once: the second one sees what the first one did.

Each of these fails when one lock is taken away, or the check of what is older.
"""

from __future__ import annotations

import dataclasses

import pytest
import stripe
from django.utils import timezone

from billing import gateway
from billing.models import (
    BillingAccount,
    Invoice,
    PaymentMethod,
    StripeOperation,
)
from billing.services import operations
from billing.services.accounts import CREATE_CUSTOMER, open_account
from billing.services.invoices import About, apply_invoice
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.operations import BUY
from selfservice.subscriptions.services import buying, contract
from selfservice.subscriptions.services.buying import Order, place_order
from tests.reliability.queueing import queue_for
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import SOLD_TO, enter_card

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox_only]

SUBSCRIPTIONS = "/v1/subscriptions"


@pytest.fixture
def paid_unnoticed(order: Order, visa: PaymentMethod, anna: User) -> str:
    """An order that Stripe has charged, and of which our row knows nothing yet."""
    operation = buying._begin(order, visa, anna)
    assert operation is not None
    return BUY.call(operation).found.id


def test_an_answer_that_two_have_is_applied_once(
    anna: User, sandbox: SandboxProcess
) -> None:
    sandbox.fault("drop_after", "POST", "/v1/customers", times=3)
    with pytest.raises(gateway.GatewayUnavailable):
        open_account(purchaser=anna, sold_to=SOLD_TO)
    applied: list[str] = []

    def apply(operation: StripeOperation, customer_id: str) -> str:
        applied.append(customer_id)
        return CREATE_CUSTOMER.apply(operation, customer_id)

    counting = dataclasses.replace(CREATE_CUSTOMER, apply=apply)
    operation = StripeOperation.objects.get()
    settle = [lambda: operations._settle(counting, operation, "cus_answered")] * 2

    assert queue_for(operation, settle) == []

    assert applied == ["cus_answered"]


def test_a_purchase_that_two_hear_of_is_noted_once(paid_unnoticed: str) -> None:
    hear = [lambda: contract.sync_subscription(paid_unnoticed)] * 2

    assert queue_for(Subscription.objects.get(), hear) == []

    assert Subscription.objects.get().assigned == 1
    assert Activity.objects.filter(verb="bought").count() == 1


def test_a_declined_order_that_is_pressed_twice_is_tried_once(
    order: Order,
    visa: PaymentMethod,
    anna: User,
    stripe_client: stripe.StripeClient,
    sandbox: SandboxProcess,
) -> None:
    bad = enter_card(stripe_client, order.profile, "pm_card_chargeCustomerFail")
    declined = place_order(order=order, card=bad, buyer=anna)
    press = [lambda: place_order(order=order, card=visa, buyer=anna)] * 2

    assert queue_for(declined, press) == []

    assert Subscription.objects.get().order_state == OrderState.CONFIRMED
    keys = [call["key"] for call in sandbox.calls("POST", SUBSCRIPTIONS)]
    assert len(keys) == len(set(keys)) == 2


def test_who_buys_is_stored_once(
    anna: User, stripe_client: stripe.StripeClient, sandbox: SandboxProcess
) -> None:
    opening = [lambda: open_account(purchaser=anna, sold_to=SOLD_TO)] * 2

    raised = queue_for(anna, opening)

    # On a busy machine Stripe may still be at the first one's call: asked with the same
    # key it says so, and whoever was second is told to come again.
    assert [e for e in raised if not isinstance(e, gateway.GatewayUnavailable)] == []
    open_account(purchaser=anna, sold_to=SOLD_TO)
    assert BillingAccount.objects.count() == 1
    assert len(stripe_client.v1.customers.list().data) == 1


def test_an_invoice_read_earlier_and_stored_later_changes_nothing(
    order: Order, visa: PaymentMethod, anna: User
) -> None:
    place_order(order=order, card=visa, buyer=anna)
    invoice = Invoice.objects.get()
    paid = gateway.read_invoice(invoice.stripe_invoice_id)
    earlier, later = timezone.now(), timezone.now()
    unpaid = dataclasses.replace(paid, status="open", paid_minor=0)
    both = [(paid, later), (unpaid, earlier)]

    raised = queue_for(
        invoice,
        [
            lambda found=found, read_at=read_at: apply_invoice(
                found=found, profile=order.profile, about=About(), read_at=read_at
            )
            for found, read_at in both
        ],
    )

    assert raised == []
    assert Invoice.objects.get().status == "paid"


def test_a_subscription_read_earlier_and_applied_later_changes_nothing(
    order: Order, visa: PaymentMethod, anna: User, stripe_client: stripe.StripeClient
) -> None:
    bought = place_order(order=order, card=visa, buyer=anna)
    read_at = timezone.now()
    earlier = gateway.read_subscription(bought.stripe_subscription_id)
    stripe_client.v1.subscriptions.update(earlier.id, {"cancel_at_period_end": True})
    contract.sync_subscription(earlier.id)

    contract.apply_subscription(
        subscription=Subscription.objects.get(),
        found=earlier,
        payment_try=None,
        read_at=read_at,
    )

    assert Subscription.objects.get().recurring_billing is False
