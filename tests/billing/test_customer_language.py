"""Invoices are made in the purchaser's language, also when it changes."""

from __future__ import annotations

import uuid
from io import BytesIO

import pytest
import stripe
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from billing.models import BillingProfile, Invoice, PaymentMethod, StripeOperation
from billing.services import operations
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.core.money import Money
from selfservice.subscriptions.services.buying import Order, place_order
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
type Api = stripe.StripeClient


def locales(api: Api, profile: BillingProfile) -> list[str] | None:
    profile.refresh_from_db()
    return api.v1.customers.retrieve(profile.stripe_customer_id).preferred_locales


def test_a_customer_is_made_with_the_language_of_the_purchaser(
    anna: User, request: pytest.FixtureRequest, stripe_client: Api
) -> None:
    User.objects.filter(pk=anna.pk).update(language="nl")
    anna.refresh_from_db()

    assert locales(stripe_client, request.getfixturevalue("profile")) == ["nl"]


def test_the_pdf_follows_a_switch_of_the_language(
    client: Client, anna: User, visa: PaymentMethod, diagrams: Offer, stripe_client: Api
) -> None:
    client.force_login(anna)
    client.post("/language/", {"language": "nl"})
    operations.sweep()

    assert locales(stripe_client, visa.profile) == ["nl"]
    page = PdfReader(BytesIO(pdf_of_a_purchase(client, anna, visa, diagrams))).pages[0]
    assert "Subtotaal excl. btw EUR 590,40" in page.extract_text()


def pdf_of_a_purchase(
    client: Client, anna: User, card: PaymentMethod, offer: Offer
) -> bytes:
    order = Order(
        key=uuid.uuid4(),
        offer=offer,
        quantity=12,
        profile=card.profile,
        total=Money(71438, "EUR"),
        assign_to_me=False,
    )
    bought = place_order(order=order, card=card, buyer=anna)
    invoice = Invoice.objects.get(subscription_id=bought.pk)
    return client.get(f"/billing/invoices/{invoice.pk}/pdf/").content


def test_of_two_switches_the_last_one_counts(
    client: Client, anna: User, profile: BillingProfile, stripe_client: Api
) -> None:
    client.force_login(anna)
    for language in ("nl", "en"):
        client.post("/language/", {"language": language})
    operations.sweep()

    assert locales(stripe_client, profile) == ["en"]


def test_a_lost_answer_is_asked_for_again(
    client: Client,
    anna: User,
    profile: BillingProfile,
    stripe_client: Api,
    sandbox: SandboxProcess,
) -> None:
    client.force_login(anna)
    client.post("/language/", {"language": "nl"})
    sandbox.fault("drop_before", "POST", "/v1/customers/", times=3)
    operations.sweep()

    StripeOperation.objects.update(leased_until=timezone.now())
    operations.sweep()

    assert locales(stripe_client, profile) == ["nl"]
