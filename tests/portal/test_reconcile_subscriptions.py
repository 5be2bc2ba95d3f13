"""Comparing subscriptions with Stripe: which side says what, and what mends it."""

from __future__ import annotations

import pytest
import stripe

from billing import gateway
from billing.models import (
    BillingProfile,
    Invoice,
    PaymentMethod,
)
from selfservice.catalog.queries import Offer
from selfservice.subscriptions.models import (
    OrderState,
    ScheduledChange,
    Subscription,
)
from selfservice.subscriptions.services.reconcile import reconcile_subscription
from tests.portal.reconciling import buy, mended, read, reconcile
from tests.sandbox_process import SandboxProcess

type Client = stripe.StripeClient

# What the client tries by itself before it gives up.
TRIES = 3


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"stripe_status": "unpaid"}, "status: unpaid here, active at Stripe"),
        ({"quantity": 15}, "licenses: 15 here, 12 at Stripe"),
        ({"recurring_billing": False}, "recurring billing: no here, yes at Stripe"),
        ({"pending_quantity": 20}, "licenses to come: 20 here, none at Stripe"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_subscription_is_made_what_stripe_says(
    bought: Subscription, wrong: dict[str, object], line: str
) -> None:
    Subscription.objects.update(**wrong)

    assert mended() == [f"mended: subscription, {line}"]


def test_a_cancellation_at_stripe_is_noticed(
    bought: Subscription, stripe_client: Client
) -> None:
    stripe_client.v1.subscriptions.update(
        bought.stripe_subscription_id, {"cancel_at_period_end": True}
    )

    assert mended() == [
        "mended: subscription, recurring billing: yes here, no at Stripe"
    ]
    assert not read(bought).recurring_billing


def test_fewer_licenses_at_stripe_than_people_hold_is_left_to_a_person(
    bought: Subscription, profile: BillingProfile
) -> None:
    Subscription.objects.update(quantity=14, assigned=14)

    status, lines = reconcile("--fix", "--customer", profile.stripe_customer_id)

    assert status == 1
    assert lines[0].startswith("not mended: subscription, licenses: 14 here, 12 at")
    assert lines[0].endswith("take some back, or buy more.")


@pytest.fixture
def to_shrink(bought: Subscription) -> ScheduledChange:
    """The same twelve licenses, five of them from the renewal on."""
    assert bought.period_end is not None
    schedule = gateway.schedule_change(
        subscription_id=bought.stripe_subscription_id,
        at=bought.period_end,
        price_id=bought.price.stripe_price_id,
        months=12,
        quantity=5,
        key=f"shrink-{bought.pk}",
    )
    Subscription.objects.update(scheduled_quantity=5)
    return ScheduledChange.objects.create(
        organization_id=bought.organization_id,
        subscription=bought,
        quantity=5,
        price=bought.price,
        takes_effect_at=bought.period_end,
        stripe_schedule_id=schedule.id,
    )


def test_a_change_that_waits_for_the_renewal_is_no_drift(
    to_shrink: ScheduledChange,
) -> None:
    assert reconcile()[0] == 0


def test_a_scheduled_change_that_was_undone_at_stripe_is_undone(
    to_shrink: ScheduledChange,
) -> None:
    known = to_shrink.stripe_schedule_id
    gateway.release_schedule(schedule_id=known, key="by-hand")

    assert mended() == [
        f"mended: subscription, scheduled change: {known} here, none at Stripe"
    ]
    assert Subscription.objects.get().scheduled_quantity is None


def test_a_change_that_came_to_pass_unheard_is_taken_over(
    to_shrink: ScheduledChange, sandbox: SandboxProcess
) -> None:
    sandbox.advance(to=int(to_shrink.takes_effect_at.timestamp()) + 7200)

    lines = mended()

    assert "mended: subscription, licenses: 12 here, 5 at Stripe" in lines
    assert read(to_shrink.subscription).quantity == 5
    assert not ScheduledChange.objects.exists()
    assert Invoice.objects.count() == 2


def test_a_card_chosen_at_stripe_is_followed(
    bought: Subscription, profile: BillingProfile, stripe_client: Client
) -> None:
    customer = {"customer": profile.stripe_customer_id}
    card = stripe_client.v1.payment_methods.attach("pm_card_mastercard", customer)
    stripe_client.v1.subscriptions.update(
        bought.stripe_subscription_id, {"default_payment_method": card.id}
    )

    assert [line.partition(":")[0] for line in mended()] == ["mended", "mended"]
    assert read(bought).payment_method.brand == "mastercard"


def test_a_subscription_of_somebody_else_is_told_and_not_touched(
    visa: PaymentMethod, diagrams: Offer, stripe_client: Client
) -> None:
    stripe_client.v1.subscriptions.create(
        {
            "customer": visa.profile.stripe_customer_id,
            "items": [{"price": diagrams.price.stripe_price_id, "quantity": 2}],
            "default_payment_method": visa.stripe_payment_method_id,
        }
    )

    status, lines = reconcile("--fix")

    assert status == 0
    assert lines[0].startswith("not ours: subscription, subscription: unknown here,")
    assert not Subscription.objects.exists()


def test_an_order_that_is_under_way_is_no_drift(
    diagrams: Offer, visa: PaymentMethod, sandbox: SandboxProcess
) -> None:
    sandbox.fault("drop_after", "POST", "/v1/subscriptions", times=TRIES)
    assert buy(diagrams, visa).order_state == OrderState.PROCESSING

    status, lines = reconcile()

    assert status == 0
    assert "under way: subscription, status: none here, active at" in lines[0]


def test_one_subscription_can_be_made_what_stripe_says_at_once(
    bought: Subscription,
) -> None:
    Subscription.objects.update(stripe_status="past_due")
    Invoice.objects.update(status="open")

    found = reconcile_subscription(read(bought))

    assert [str(one.outcome) for one in found] == ["mended", "mended"]
    assert read(bought).stripe_status == "active"
    assert Invoice.objects.get().status == "paid"
