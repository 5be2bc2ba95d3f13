"""Stripe can't be reached: all but money goes on, and the money pages say so."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from licensing.models import LicenseAssignment
from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription
from tests.factories.accounts import make_user
from tests.factories.billing import make_invoice
from tests.factories.subscriptions import make_subscription

SENTENCE = "The payment provider doesn&#x27;t answer right now."


@pytest.fixture
def owned(anna: User, client: Client, settings: Settings) -> Subscription:
    """Nobody listens where Stripe should be."""
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    settings.STRIPE_MAX_NETWORK_RETRIES = 0
    client.force_login(anna)
    return make_subscription(anna, quantity=12)


def test_reading_goes_on(owned: Subscription, client: Client, anna: User) -> None:
    invoice = make_invoice(anna, profile=owned.profile)
    pages = (
        "/",
        "/my-licenses/",
        "/marketplace/",
        f"/marketplace/{owned.product.slug}/",
        "/products/",
        f"/subscriptions/{owned.pk}/",
        f"/products/{owned.pk}",
        f"/subscriptions/{owned.pk}/recurring-billing/",
        "/licenses/",
        f"/licenses/{owned.product_id}/",
        "/billing/invoices/",
        f"/billing/invoices/{invoice.pk}/",
        "/help/",
    )

    assert {page: client.get(page).status_code for page in pages} == dict.fromkeys(
        pages, 200
    )


def test_handing_out_licenses_goes_on(
    owned: Subscription, client: Client, anna: User
) -> None:
    person = make_user(anna.organization)

    client.post(f"/licenses/{owned.product_id}/assign/", {"people": str(person.pk)})

    assert LicenseAssignment.objects.get().user == person


@pytest.mark.parametrize("pane", ["licenses/?total=15", "cancel/"])
def test_what_costs_money_says_why_it_waits(
    owned: Subscription, client: Client, pane: str
) -> None:
    answer = client.get(f"/subscriptions/{owned.pk}/{pane}")

    assert SENTENCE in answer.content.decode()


def test_checkout_says_it_too(owned: Subscription, client: Client) -> None:
    answer = client.get(f"/checkout/{owned.plan_id}/", follow=True)

    assert SENTENCE in answer.content.decode()


def test_a_pdf_that_stripe_keeps_is_explained(
    owned: Subscription, client: Client, anna: User
) -> None:
    invoice = make_invoice(anna, profile=owned.profile)

    answer = client.get(f"/billing/invoices/{invoice.pk}/pdf/")

    assert answer.status_code == 503
    assert SENTENCE in answer.content.decode()


def test_a_switch_is_kept_and_made_when_stripe_answers_again(
    owned: Subscription, client: Client
) -> None:
    answer = client.post(
        f"/subscriptions/{owned.pk}/recurring-billing/",
        {"recurring": "off"},
        follow=True,
    )

    assert "checking with the payment provider" in answer.content.decode()
