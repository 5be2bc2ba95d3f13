"""What runs by the clock: giving up debts, and renewals that nobody told of."""

from __future__ import annotations

import pytest
import stripe

from billing.models import BillingProfile, Invoice, StripeOperation
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services import overdue, renewing
from selfservice.subscriptions.services.buying import Order, place_order
from selfservice.subscriptions.services.ending import set_recurring
from selfservice.subscriptions.tasks import (
    catch_up_renewals_hourly,
    give_up_overdue_by_night,
)
from tests.factories.mail import kinds_queued
from tests.factories.subscriptions import make_subscription
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import enter_card
from tests.subscriptions.changing import *
from tests.subscriptions.changing import DAY, pass_time, pay_with, read

pytestmark = pytest.mark.usefixtures("moving")


def state(subscription: Subscription) -> str:
    return lifecycle.state_at(read(subscription), clock.now())


def test_a_renewal_whose_webhooks_were_lost_is_read_again(
    bought: Subscription, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 366)

    catch_up_renewals_hourly()
    catch_up_renewals_hourly()

    renewed = read(bought)
    assert renewed.term_start == bought.term_end
    assert Invoice.objects.filter(status="paid", subscription_id=bought.pk).exists()
    assert renewing.catch_up_renewals() == 0


def test_a_renewal_that_failed_unheard_becomes_past_due(
    bought: Subscription, stripe_client: stripe.StripeClient, sandbox: SandboxProcess
) -> None:
    pay_with(stripe_client, bought, "pm_card_chargeCustomerFail")
    pass_time(sandbox, DAY * 366)

    catch_up_renewals_hourly()

    assert state(bought) == lifecycle.PAST_DUE
    assert kinds_queued() == ["order_confirmed", "payment_failed"]


def test_an_order_that_lapsed_unheard_is_dropped(
    order: Order,
    profile: BillingProfile,
    stripe_client: stripe.StripeClient,
    sandbox: SandboxProcess,
    anna: User,
) -> None:
    card = enter_card(stripe_client, profile, "pm_card_authenticationRequired")
    placed = place_order(order=order, card=card, buyer=anna)
    assert state(placed) == lifecycle.PENDING
    catch_up_renewals_hourly()
    assert state(placed) == lifecycle.PENDING
    pass_time(sandbox, DAY)

    catch_up_renewals_hourly()

    assert read(placed).order_state == OrderState.DROPPED


def test_nothing_is_asked_about_what_runs_or_ends_by_itself(
    bought: Subscription, sandbox: SandboxProcess
) -> None:
    assert renewing.catch_up_renewals() == 0
    set_recurring(subscription=bought, on=False)
    pass_time(sandbox, DAY * 366)
    asked = len(sandbox.calls())

    assert renewing.catch_up_renewals() == 0
    assert len(sandbox.calls()) == asked


def test_one_that_stripe_does_not_know_keeps_no_other_waiting(
    bought: Subscription,
    sandbox: SandboxProcess,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pass_time(sandbox, DAY * 366)
    unknown = make_subscription(
        bought.purchaser, term_start=bought.term_start, stripe_synced_at=None
    )

    tried = renewing.catch_up_renewals()

    assert tried == 2
    assert f"subscription {unknown.pk} can't be read" in caplog.text
    assert read(bought).term_start == bought.term_end


@pytest.mark.sandbox_only
def test_while_stripe_is_away_it_tries_once_and_waits(
    bought: Subscription, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 366)
    sandbox.fault("500_before", "GET", "/v1/subscriptions/", times=9)

    assert renewing.catch_up_renewals() == 0
    assert state(bought) == lifecycle.ACTIVE


def test_a_run_is_bounded_and_goes_on_where_it_stopped(
    bought: Subscription, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewing, "AT_ONCE", 1)
    pass_time(sandbox, DAY * 366)
    make_subscription(
        bought.purchaser, term_start=bought.term_start, stripe_synced_at=clock.now()
    )

    assert renewing.catch_up_renewals() == 1
    assert read(bought).term_start == bought.term_end


def test_every_debt_of_thirty_days_is_given_up_once(
    bought: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overdue, "AT_ONCE", 2)
    since = clock.now() - DAY * 31
    for _ in range(3):
        make_subscription(bought.purchaser, past_due_since=since)

    give_up_overdue_by_night()
    give_up_overdue_by_night()

    given_up = StripeOperation.objects.filter(kind="subscription.give_up")
    assert given_up.count() == 3
    assert Subscription.objects.filter(disabled_at=since + DAY * 30).count() == 3
