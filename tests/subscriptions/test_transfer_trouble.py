"""Handing over while answers get lost, people leave, and time runs out."""

from __future__ import annotations

import datetime as dt

import pytest
import stripe

from billing.models import PaymentMethod
from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.changing import Outcome
from selfservice.subscriptions.services.contract import sync_subscription
from selfservice.subscriptions.services.transferring import (
    plan_transfer,
    transfer,
)
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.changing import *
from tests.subscriptions.changing import (
    DAY,
    at_stripe,
    catch_up,
    pass_time,
    read,
    settle,
)
from tests.subscriptions.handing import *
from tests.subscriptions.handing import former, hand_over, running
from tests.subscriptions.test_leaving import leave

pytestmark = [pytest.mark.usefixtures("moving"), pytest.mark.sandbox_only]
TRIES = 3


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("POST", "/v1/subscriptions$"),
        ("DELETE", "/v1/subscriptions/"),
        ("POST", "/v1/subscriptions/"),
    ],
)
def test_a_lost_answer_is_found_out_by_the_worker(
    old: Subscription,
    bram: User,
    brams_card: PaymentMethod,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
    verb: str,
    path: str,
) -> None:
    planned = plan_transfer(subscription=old, receiver=bram)
    sandbox.fault("drop_after", verb, path, times=TRIES)
    assert transfer(planned) == Outcome.CHECKING
    # Its end is told before the transfer is through: nobody loses anything.
    sync_subscription(old.stripe_subscription_id)
    assert read(old).disabled_at is None

    settle()

    found = read(old)
    assert (found.purchaser, found.assigned, found.disabled_at) == (bram, 1, None)
    assert len(running(stripe_client, brams_card)) == 1
    assert former(stripe_client, old).status == "canceled"


def test_what_is_never_finished_is_renewed_for_nobody_twice(
    old: Subscription,
    bram: User,
    brams_card: PaymentMethod,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
) -> None:
    """The worker is away until long after the renewal."""
    planned = plan_transfer(subscription=old, receiver=bram)
    sandbox.fault("drop_after", "POST", "/v1/subscriptions$", times=TRIES)
    transfer(planned)
    pass_time(sandbox, 366 * DAY)

    settle()

    assert running(stripe_client, brams_card) == []
    found = catch_up(old)
    assert found.purchaser != bram
    assert found.term_start == old.term_end


def test_a_receiver_who_leaves_meanwhile_pays_for_nothing(
    old: Subscription,
    bram: User,
    brams_card: PaymentMethod,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
) -> None:
    planned = plan_transfer(subscription=old, receiver=bram)
    sandbox.fault("drop_after", "POST", "/v1/subscriptions$", times=TRIES)
    transfer(planned)
    leave(bram)

    settle()
    settle()

    found = read(old)
    assert (found.purchaser, found.recurring_billing) == (bram, False)
    assert at_stripe(stripe_client, found).cancel_at is not None


def test_a_giver_who_leaves_meanwhile_stops_nothing(
    old: Subscription,
    anna: User,
    bram: User,
    brams_card: PaymentMethod,
    sandbox: SandboxProcess,
) -> None:
    planned = plan_transfer(subscription=old, receiver=bram)
    sandbox.fault("drop_after", "POST", "/v1/subscriptions$", times=TRIES)
    transfer(planned)
    leave(anna)

    settle()

    assert read(old).recurring_billing is True


def test_handing_it_on_keeps_the_dates(
    old: Subscription,
    anna: User,
    bram: User,
    visa: PaymentMethod,
    brams_card: PaymentMethod,
) -> None:
    hand_over(old, bram)

    hand_over(read(old), anna)

    found = read(old)
    assert (found.purchaser, found.payment_method) == (anna, visa)
    assert (found.period_end, found.term_end) == (old.period_end, old.term_end)
    assert isinstance(found.bought_at, dt.datetime)
