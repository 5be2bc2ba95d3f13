"""More cards of Anna's profile, and one of somebody else's."""

from __future__ import annotations

import datetime as dt

import pytest
import stripe

from billing.models import BillingProfile, PaymentMethod
from billing.services import cards
from billing.services.accounts import open_account
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import SOLD_TO, enter_card
from tests.subscriptions.changing import catch_up, pass_time, pay_with

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def mastercard(
    profile: BillingProfile, stripe_client: stripe.StripeClient, visa: PaymentMethod
) -> PaymentMethod:
    """A second card of the profile; the first one pays."""
    return enter_card(stripe_client, profile, "pm_card_mastercard")


@pytest.fixture
def brams(bram: User, stripe_client: stripe.StripeClient) -> PaymentMethod:
    """A card of another profile."""
    theirs = open_account(purchaser=bram, sold_to=SOLD_TO)
    return enter_card(stripe_client, theirs)


@pytest.fixture
def unpaid(
    bought: Subscription,
    moving: None,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
) -> Subscription:
    """Past due: the renewal's charge was declined."""
    pay_with(stripe_client, bought, "pm_card_chargeCustomerFail")
    ends = bought.term_end
    assert ends is not None
    pass_time(sandbox, ends - clock.now() + HOUR * 2)
    return catch_up(bought)


def enter_on_stripes_page(
    stripe_client: stripe.StripeClient,
    profile: BillingProfile,
    named: str = "pm_card_mastercard",
) -> str:
    """What comes back from Stripe's own page: the session's id."""
    page = cards.begin_hosted_card_page(
        profile=profile, back_url="http://127.0.0.1:8000/"
    )
    stripe_client.v1.setup_intents.confirm(page.setup_id, {"payment_method": named})
    return page.id
