"""What the tests of the panes about cards share."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
import stripe
from django.core import mail as outgoing
from django.test import Client

from billing.models import BillingProfile, PaymentMethod
from billing.services import cards
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.core import clock
from tests.factories.mail import send_queued

LIST = "/billing/payment-methods/"
PANE = {"HX-Request": "true", "HX-Target": "pane"}
EDIT = {
    "exp_month": "3",
    "exp_year": str(clock.now().year + 5),
    "holder_name": "A. de Vries",
    "line1": "Maaskade 85",
    "line2": "",
    "postal_code": "3071 NE",
    "city": "Rotterdam",
    "country": "NL",
}


@pytest.fixture
def web(anna: User, client: Client) -> Client:
    client.force_login(anna)
    return client


def url(card: PaymentMethod, page: str) -> str:
    return f"{LIST}{card.pk}/{page}/"


def words(response: Any) -> str:
    text = re.sub(r"<[^>]+>", " ", html.unescape(response.content.decode()))
    return re.sub(r"\s+", " ", text)


def fresh(card: PaymentMethod) -> PaymentMethod:
    return PaymentMethod.objects.get(pk=card.pk)


def confirmed_setup(
    client: stripe.StripeClient, profile: BillingProfile, named: str
) -> str:
    """What the Payment Element leaves behind: a confirmed SetupIntent's id."""
    setup = cards.begin_card_setup(profile=profile)
    client.v1.setup_intents.confirm(setup.id, {"payment_method": named})
    return setup.id


def default_at_stripe(client: stripe.StripeClient, profile: BillingProfile) -> object:
    customer = client.v1.customers.retrieve(profile.stripe_customer_id)
    assert customer.invoice_settings
    return customer.invoice_settings.default_payment_method


def attached(client: stripe.StripeClient, card: PaymentMethod) -> bool:
    found = client.v1.payment_methods.retrieve(card.stripe_payment_method_id)
    return found.customer is not None


def logged(verb: str) -> int:
    return Activity.objects.filter(verb=verb).count()


def sent() -> list[str]:
    send_queued()
    return [message.subject for message in outgoing.outbox]
