"""Reactivating what is over, against the real sandbox."""

from __future__ import annotations

import pytest
import stripe

from billing.models import BillingProfile, PaymentMethod
from selfservice.catalog.models import Price
from selfservice.core import clock
from selfservice.core.dates import add_months
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import NextContract
from selfservice.subscriptions.services.contract import sync_subscription
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.changing import *
from tests.subscriptions.changing import DAY, at_stripe
from tests.subscriptions.reactivating import *
from tests.subscriptions.reactivating import (
    Pane,
    cancel_at_once,
    expire,
    give_up,
    leave_unpaid,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox_only]


def open_at_stripe(client: stripe.StripeClient, profile: BillingProfile) -> list[str]:
    """The customer's subscriptions that still run or could be paid."""
    page = client.v1.subscriptions.list(
        {"customer": profile.stripe_customer_id, "status": "all", "limit": 100}
    )
    over = {"canceled", "incomplete_expired"}
    return [found.id for found in page.data if found.status not in over]


def owed(client: stripe.StripeClient, profile: BillingProfile) -> int:
    page = client.v1.invoices.list(
        {"customer": profile.stripe_customer_id, "limit": 100}
    )
    return sum(i.amount_remaining for i in page.data if i.status == "open")


def check_running(pane: Pane, client: stripe.StripeClient) -> None:
    """One new term from today, here and at Stripe, for twelve licenses."""
    row = pane.row
    assert pane.state == lifecycle.ACTIVE
    assert row.term_start
    assert row.bought_at
    assert abs(row.term_start - clock.now()) < DAY
    assert row.term_end == add_months(row.bought_at, 12)
    assert row.recurring_billing
    assert row.quantity == 12
    assert (row.disabled_at, row.past_due_since, row.cancelled_at) == (None,) * 3
    assert open_at_stripe(client, row.profile) == [row.stripe_subscription_id]
    assert at_stripe(client, row).status == "active"
    assert owed(client, row.profile) == 0


def test_an_expired_one_goes_on(
    pane: Pane, sandbox: SandboxProcess, stripe_client: stripe.StripeClient
) -> None:
    former = expire(pane, sandbox).stripe_subscription_id
    assert pane.state == lifecycle.EXPIRED

    status, page = pane.press()

    assert status == 200
    assert "The subscription is active again. €714.38 charged" in page
    assert pane.row.stripe_subscription_id != former
    check_running(pane, stripe_client)


def test_one_cancelled_inside_the_window_goes_on(
    pane: Pane, stripe_client: stripe.StripeClient
) -> None:
    cancel_at_once(pane)
    assert pane.state == lifecycle.DISABLED

    status, _page = pane.press()

    assert status == 200
    check_running(pane, stripe_client)


@pytest.mark.parametrize("night", [True, False], ids=["given up", "not yet"])
def test_one_that_stayed_unpaid_goes_on(
    night: bool,
    pane: Pane,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
    visa: PaymentMethod,
) -> None:
    leave_unpaid(pane, sandbox, stripe_client)
    assert pane.state == lifecycle.DISABLED
    if night:
        give_up()

    status, page = pane.press(visa)

    assert status == 200, page
    check_running(pane, stripe_client)
    give_up()
    check_running(pane, stripe_client)


def test_todays_price_is_shown_and_charged(
    pane: Pane, sandbox: SandboxProcess, stripe_client: stripe.StripeClient
) -> None:
    expire(pane, sandbox)
    old = pane.row.price
    made = stripe_client.v1.prices.create(
        {
            "product": str(old.plan.product_id),
            "currency": "eur",
            "unit_amount": 6000,
            "recurring": {"interval": "year"},
        }
    )
    old.retired_at = clock.now()
    old.save()
    new = Price.objects.create(
        plan=old.plan,
        currency="EUR",
        amount_minor=6000,
        stripe_price_id=made.id,
        valid_from=clock.now(),
    )

    shown = pane.look()
    pane.press()

    assert "The price of a license is €60.00 today. It was €49.20." in shown
    assert pane.row.price == new
    check_running(pane, stripe_client)


def test_what_is_over_changes_nothing_any_more(
    pane: Pane, sandbox: SandboxProcess, stripe_client: stripe.StripeClient
) -> None:
    former = expire(pane, sandbox).stripe_subscription_id
    pane.press()

    sync_subscription(former)

    check_running(pane, stripe_client)
    assert NextContract.objects.get().state == "taken"
