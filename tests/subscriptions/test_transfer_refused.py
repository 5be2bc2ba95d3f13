"""What can't be handed to a colleague, and why."""

from __future__ import annotations

import pytest
import stripe

from billing.models import BillingProfile, PaymentMethod
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.changing import Outcome
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import enter_card
from tests.subscriptions.changing import *
from tests.subscriptions.changing import (
    DAY,
    catch_up,
    pass_time,
)
from tests.subscriptions.handing import *
from tests.subscriptions.handing import hand_over, refusal

pytestmark = [pytest.mark.usefixtures("moving"), pytest.mark.sandbox_only]


def test_inside_the_window_it_is_refused(
    bought: Subscription, bram: User, brams_card: PaymentMethod
) -> None:
    assert "canceled with the money back" in refusal(bought, bram)


def test_without_a_profile_or_a_card_it_is_refused(
    old: Subscription, bram: User
) -> None:
    assert "no billing profile in EUR" in refusal(old, bram)


def test_without_a_card_it_is_refused(
    old: Subscription, bram: User, brams: BillingProfile
) -> None:
    assert "no card for this" in refusal(old, bram)


def test_an_expired_card_is_none(
    old: Subscription, bram: User, brams_card: PaymentMethod
) -> None:
    PaymentMethod.objects.filter(pk=brams_card.pk).update(exp_year=2020)

    assert "no card for this" in refusal(old, bram)


def test_a_card_can_be_named(
    old: Subscription, bram: User, brams_card: PaymentMethod
) -> None:
    assert "no card for this" in refusal(old, bram, card="9999")

    assert hand_over(old, bram, card="4444") == Outcome.DONE


def test_a_guest_and_a_stranger_are_refused(
    old: Subscription, anna: User, bram: User, dirk: User, brams_card: PaymentMethod
) -> None:
    assert "another organization" in refusal(old, dirk)
    assert "has this subscription already" in refusal(old, anna)
    bram.is_guest = True
    assert "can't buy" in refusal(old, bram)


def test_just_before_a_renewal_it_is_refused(
    old: Subscription,
    bram: User,
    brams_card: PaymentMethod,
    sandbox: SandboxProcess,
) -> None:
    assert old.period_end
    pass_time(sandbox, old.period_end - clock.now() - DAY)

    assert "Hand it over when that is done" in refusal(old, bram)


def test_what_is_past_due_is_refused(
    old: Subscription,
    bram: User,
    brams_card: PaymentMethod,
    stripe_client: stripe.StripeClient,
    sandbox: SandboxProcess,
) -> None:
    failing = enter_card(stripe_client, old.profile, "pm_card_chargeCustomerFail")
    stripe_client.v1.subscriptions.update(
        old.stripe_subscription_id,
        {"default_payment_method": failing.stripe_payment_method_id},
    )
    pass_time(sandbox, 366 * DAY)

    assert "paid first" in refusal(catch_up(old), bram)
