"""A bought subscription, time that passes, and what Stripe says: for its changes."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path

import pytest
import stripe
from django.utils import timezone
from pytest_django.fixtures import Settings

from billing.models import BillingProfile, PaymentMethod, StripeOperation
from billing.services import operations
from billing.services.invoices import sync_invoice
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.core.money import Money
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.buying import Order, place_order
from selfservice.subscriptions.services.contract import sync_subscription
from tests.sandbox_process import SandboxProcess

DAY = dt.timedelta(days=1)
UPDATE = "/v1/subscriptions/"


@pytest.fixture
def moving(settings: Settings, tmp_path: Path) -> None:
    """The portal's time can be moved."""
    settings.CLOCK_FILE = tmp_path / "clock"


@pytest.fixture
def bought(
    diagrams: Offer, profile: BillingProfile, visa: PaymentMethod, anna: User
) -> Subscription:
    """Twelve licenses for a year, bought just now; one is Anna's."""
    order = Order(
        key=uuid.uuid4(),
        offer=diagrams,
        quantity=12,
        profile=profile,
        total=Money(71438, "EUR"),
        assign_to_me=True,
    )
    return read(place_order(order=order, card=visa, buyer=anna))


def pass_time(sandbox: SandboxProcess, by: dt.timedelta) -> None:
    """Let both clocks go on; no webhook arrives by itself."""
    sandbox.advance(int(by.total_seconds()))
    clock.advance(by)


def catch_up(subscription: Subscription) -> Subscription:
    """What the webhooks would have brought by now."""
    sync_subscription(subscription.stripe_subscription_id)
    return read(subscription)


def settle() -> None:
    """What the worker does, as if every lease had run out."""
    StripeOperation.objects.filter(state__in=["started", "unknown"]).update(
        leased_until=timezone.now()
    )
    operations.sweep()


def read(subscription: Subscription) -> Subscription:
    return Subscription.objects.select_related(
        "product", "plan", "price", "profile", "payment_method"
    ).get(pk=subscription.pk)


def at_stripe(
    client: stripe.StripeClient, subscription: Subscription
) -> stripe.Subscription:
    return client.v1.subscriptions.retrieve(subscription.stripe_subscription_id)


def quantity_at_stripe(client: stripe.StripeClient, subscription: Subscription) -> int:
    return at_stripe(client, subscription)["items"].data[0].quantity or 0


def invoices_at_stripe(
    client: stripe.StripeClient, subscription: Subscription
) -> list[stripe.Invoice]:
    """Newest first."""
    page = client.v1.invoices.list(
        {"subscription": subscription.stripe_subscription_id, "limit": 100}
    )
    return list(page.data)


def given_back(client: stripe.StripeClient, subscription: Subscription) -> int:
    """What credit notes refunded so far, in minor units."""
    return sum(
        invoice.post_payment_credit_notes_amount
        for invoice in invoices_at_stripe(client, subscription)
    )


def pay_with(
    client: stripe.StripeClient, subscription: Subscription, named: str
) -> None:
    """From now on Stripe charges this test card for the subscription."""
    customer = subscription.profile.stripe_customer_id
    card = client.v1.payment_methods.attach(named, {"customer": customer})
    client.v1.subscriptions.update(
        subscription.stripe_subscription_id, {"default_payment_method": card.id}
    )


def sync_all_invoices(client: stripe.StripeClient, subscription: Subscription) -> None:
    for invoice in invoices_at_stripe(client, subscription):
        sync_invoice(str(invoice.id))
