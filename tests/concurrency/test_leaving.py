"""A purchaser is disabled at the moment at which their order is paid."""

from __future__ import annotations

import threading

import pytest
import requests
import stripe
from django.db import transaction
from pytest_django.fixtures import Settings

from billing import gateway
from billing.models import BillingProfile
from billing.services import operations
from selfservice.accounts.models import User
from selfservice.core import hooks
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services import contract, recurring
from selfservice.subscriptions.services.buying import Order, place_order
from tests.concurrency.racing import failures, race
from tests.stripe_sandbox import *
from tests.stripe_sandbox import enter_card

pytestmark = pytest.mark.django_db(transaction=True)
A_MOMENT = 1.0


@pytest.fixture
def paid(
    order: Order,
    profile: BillingProfile,
    anna: User,
    stripe_client: stripe.StripeClient,
) -> Subscription:
    """An order that the bank has just let pass, and nobody here knows it yet."""
    asks = enter_card(stripe_client, profile, "pm_card_authenticationRequired")
    placed = place_order(order=order, card=asks, buyer=anna)
    found = gateway.read_subscription(placed.stripe_subscription_id)
    page = gateway.hosted_invoice_url(found.latest_invoice_id)
    requests.post(page, data={"outcome": "ok"}, timeout=30)
    return placed


def leave_slowly(person: User, before: threading.Event, after: threading.Event) -> None:
    """The import writes the person, and later sees to what they bought."""
    with transaction.atomic():
        User.objects.filter(pk=person.pk).update(is_active=False)
        before.set()
        after.wait(A_MOMENT)
        hooks.people_lost.send(hooks.PeopleLost(person.organization_id, (person.pk,)))
        # What comes now has to wait for the end of this transaction.
        after.wait(A_MOMENT)


def run_against_each_other(paid: Subscription, anna: User) -> Subscription:
    disabled, applied = threading.Event(), threading.Event()

    def apply() -> None:
        disabled.wait(10)
        contract.sync_subscription(paid.stripe_subscription_id)
        applied.set()

    assert failures(race([lambda: leave_slowly(anna, disabled, applied), apply])) == []
    operations.sweep()
    operations.sweep()
    return Subscription.objects.get(pk=paid.pk)


def test_whoever_is_disabled_meanwhile_pays_once(
    paid: Subscription, anna: User, stripe_client: stripe.StripeClient
) -> None:
    found = run_against_each_other(paid, anna)

    assert found.order_state == OrderState.CONFIRMED
    assert found.recurring_billing is False
    theirs = stripe_client.v1.subscriptions.retrieve(found.stripe_subscription_id)
    assert theirs.cancel_at is not None


def test_without_a_look_at_the_person_it_would_renew(
    paid: Subscription,
    anna: User,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    """The control: an import that was first would leave a renewal behind."""
    monkeypatch.setattr(recurring, "has_left", lambda _subscription: False)

    found = run_against_each_other(paid, anna)

    assert found.recurring_billing is True
