"""What Stripe tells of subscriptions, in whatever order it comes."""

from __future__ import annotations

import stripe

from billing.models import Invoice, PaymentMethod
from billing.services.invoices import sync_invoice
from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.operations import BUY
from selfservice.subscriptions.services import buying
from selfservice.subscriptions.services.buying import Order
from selfservice.subscriptions.services.contract import sync_subscription

type Client = stripe.StripeClient


def test_an_invoice_that_comes_before_the_answer_knows_its_subscription(
    order: Order, visa: PaymentMethod, anna: User
) -> None:
    operation = buying._begin(order, visa, anna)
    assert operation is not None
    answer = BUY.call(operation)

    sync_invoice(answer.found.latest_invoice_id)

    invoice = Invoice.objects.get()
    assert invoice.title == "Diagrams Pro"
    assert invoice.subscription_id == Subscription.objects.get().pk


def test_a_card_that_was_chosen_at_stripe_pays_from_then_on(
    order: Order, visa: PaymentMethod, anna: User, stripe_client: Client
) -> None:
    bought = buying.place_order(order=order, card=visa, buyer=anna)
    customer = order.profile.stripe_customer_id
    card = stripe_client.v1.payment_methods.attach(
        "pm_card_mastercard", {"customer": customer}
    )
    stripe_client.v1.subscriptions.update(
        bought.stripe_subscription_id, {"default_payment_method": card.id}
    )

    sync_subscription(bought.stripe_subscription_id)

    bought.refresh_from_db()
    assert bought.payment_method.brand == "mastercard"
    assert bought.payment_method.profile == order.profile
