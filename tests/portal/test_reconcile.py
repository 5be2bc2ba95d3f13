"""Comparing with Stripe: what is drift, what isn't, and what mends it."""

from __future__ import annotations

import uuid
from io import StringIO

import pytest
import stripe
from django.core.management import call_command

from billing.models import (
    BillingProfile,
    PaymentMethod,
)
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.core.money import Money
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.buying import Order, place_order

type Client = stripe.StripeClient


def run(*options: str) -> tuple[int, list[str]]:
    """The command's exit status and its lines."""
    said = StringIO()
    try:
        call_command("reconcile", *options, stdout=said, stderr=said)
    except SystemExit as end:
        return int(str(end.code)), said.getvalue().splitlines()
    return 0, said.getvalue().splitlines()


@pytest.fixture
def bought(
    diagrams: Offer, profile: BillingProfile, visa: PaymentMethod, anna: User
) -> Subscription:
    """Twelve licenses, one of them Anna's, as everything was told."""
    order = Order(
        key=uuid.uuid4(),
        offer=diagrams,
        quantity=12,
        profile=profile,
        total=Money(71438, "EUR"),
        assign_to_me=True,
    )
    return place_order(order=order, card=visa, buyer=anna)


def read(subscription: Subscription) -> Subscription:
    return Subscription.objects.get(pk=subscription.pk)


def test_what_is_equal_is_no_drift(bought: Subscription) -> None:
    status, lines = run()

    assert status == 0
    assert lines == [
        "Compared 1 customers, 1 cards, 1 subscriptions, 1 invoices, 1 counters,"
        " 1 prices. No drift."
    ]
