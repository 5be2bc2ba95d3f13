"""One change at renewal after the other: Stripe keeps the first one's schedule."""

from __future__ import annotations

import pytest
import stripe

from billing.models import StripeOperation
from billing.models.stripe import OperationState
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.changing import Outcome
from selfservice.subscriptions.services.quantity import (
    preview_quantity,
    save_quantity,
)
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.changing import *
from tests.subscriptions.changing import (
    DAY,
    at_stripe,
    catch_up,
    invoices_at_stripe,
    pass_time,
    read,
    settle,
)

pytestmark = pytest.mark.usefixtures("moving")


def at_renewal(subscription: Subscription, quantity: int) -> Outcome:
    subscription = read(subscription)
    preview = preview_quantity(
        subscription=subscription, quantity=quantity, at_renewal=True
    )
    return save_quantity(
        subscription=subscription, quantity=quantity, seal=preview.seal
    )[1]


@pytest.mark.parametrize("fault", ["", "drop_before", "drop_after", "500_after"])
def test_what_waits_after_another_change_came_to_pass_comes_too(
    bought: Subscription,
    stripe_client: stripe.StripeClient,
    sandbox: SandboxProcess,
    fault: str,
) -> None:
    at_renewal(bought, 15)
    pass_time(sandbox, DAY * 366)
    assert catch_up(bought).quantity == 15
    assert at_stripe(stripe_client, bought).schedule is not None
    if fault:
        sandbox.fault(fault, "POST", "/v1/subscription_schedules/", times=3)

    at_renewal(bought, 20)
    settle()
    pass_time(sandbox, DAY * 366)

    assert catch_up(bought).quantity == 20
    assert invoices_at_stripe(stripe_client, bought)[0].subtotal == 20 * 4920


def test_more_bought_meanwhile_stay_until_then(
    bought: Subscription, stripe_client: stripe.StripeClient, sandbox: SandboxProcess
) -> None:
    at_renewal(bought, 15)
    pass_time(sandbox, DAY * 366)
    now = catch_up(bought)
    more = preview_quantity(subscription=now, quantity=16)
    save_quantity(subscription=now, quantity=16, seal=more.seal)

    at_renewal(bought, 20)

    assert catch_up(bought).quantity == 16
    pass_time(sandbox, DAY * 366)
    assert catch_up(bought).quantity == 20


def test_a_change_that_the_renewal_overtook_is_given_up(
    bought: Subscription, stripe_client: stripe.StripeClient, sandbox: SandboxProcess
) -> None:
    sandbox.fault("drop_before", "POST", "/v1/subscription_schedules", times=3)
    assert at_renewal(bought, 15) == Outcome.CHECKING
    pass_time(sandbox, DAY * 366)
    assert catch_up(bought).quantity == 12

    settle()

    operation = StripeOperation.objects.get(kind="subscription.schedule")
    assert operation.state == OperationState.REFUSED
    assert read(bought).scheduled_quantity is None
    assert at_stripe(stripe_client, bought).schedule is None
    assert at_renewal(bought, 20) == Outcome.DONE
