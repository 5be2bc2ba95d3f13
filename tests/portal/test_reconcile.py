"""Comparing with Stripe: what is drift, what isn't, and what mends it."""

from __future__ import annotations

import datetime as dt

import pytest
import stripe
from django.core.management import CommandError
from django.utils import timezone
from procrastinate.contrib.django import app
from pytest_django import DjangoAssertNumQueries

from billing.models import (
    BillingProfile,
    Invoice,
    PaymentMethod,
    StripeEvent,
    StripeOperation,
)
from selfservice.accounts.models import Organization, User
from selfservice.catalog.queries import Offer
from selfservice.portal.tasks import reconcile_by_night
from selfservice.subscriptions.models import (
    OrderState,
    Subscription,
)
from selfservice.subscriptions.services import buying
from tests.factories.billing import past_the_triggers
from tests.portal.reconciling import buy, drift, mended, order_of, read, reconcile
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import enter_card

type Client = stripe.StripeClient

# What the client tries by itself before it gives up.
TRIES = 3


def test_what_is_equal_is_no_drift(bought: Subscription) -> None:
    assert reconcile() == (
        0,
        [
            "Compared 1 customers, 1 cards, 1 subscriptions, 1 invoices, 1 counters,"
            " 1 prices. No drift found."
        ],
    )


def test_every_drift_is_one_line_with_both_sides_and_their_ids(
    bought: Subscription,
) -> None:
    Subscription.objects.update(stripe_status="past_due")

    assert drift() == (
        "drift: subscription, status: past_due here, active at Stripe"
        f" [{bought.stripe_subscription_id}, {bought.pk}]"
    )
    assert read(bought).stripe_status == "past_due"


def test_a_new_expiration_date_is_noticed(
    visa: PaymentMethod, stripe_client: Client
) -> None:
    stripe_client.v1.payment_methods.update(
        visa.stripe_payment_method_id, {"card": {"exp_month": 7, "exp_year": 2041}}
    )

    here = f"12/{visa.exp_year}"
    assert mended() == [f"mended: card, expires: {here} here, 07/2041 at Stripe"]


def test_a_card_detached_at_stripe_is_detached_here(
    visa: PaymentMethod, stripe_client: Client
) -> None:
    stripe_client.v1.payment_methods.detach(visa.stripe_payment_method_id)

    status, lines = reconcile("--fix")

    assert (status, len(lines)) == (0, 2)
    visa.refresh_from_db()
    assert visa.detached_at is not None
    assert reconcile()[0] == 0


def test_a_card_that_is_being_entered_is_no_drift_yet(
    profile: BillingProfile, stripe_client: Client
) -> None:
    customer = {"customer": profile.stripe_customer_id}
    stripe_client.v1.payment_methods.attach("pm_card_visa", customer)

    status, lines = reconcile()

    assert status == 0
    assert lines[0].startswith("under way: card, card: unknown here, visa ending in")


def test_a_lost_invoice_is_fetched_with_its_lines(bought: Subscription) -> None:
    invoice = Invoice.objects.get()
    with past_the_triggers():
        invoice.lines.all().delete()
        invoice.delete()

    assert mended() == [
        f"mended: invoice, invoice: unknown here, {invoice.number} (paid) at Stripe"
    ]
    again = Invoice.objects.get()
    assert (again.subscription_id, again.lines.count()) == (bought.pk, 1)


def test_a_payment_that_nobody_told_us_is_noticed(bought: Subscription) -> None:
    Invoice.objects.update(status="open", paid_minor=0, remaining_minor=71438)

    assert mended() == [
        "mended: invoice, status: open here, paid at Stripe",
        "mended: invoice, paid: €0.00 here, €714.38 at Stripe",
        "mended: invoice, to pay: €714.38 here, €0.00 at Stripe",
    ]


def test_what_stripe_does_not_have_is_left_to_a_person(
    bought: Subscription, sandbox: SandboxProcess
) -> None:
    Invoice.objects.update(stripe_invoice_id="in_gone")
    Subscription.objects.update(stripe_subscription_id="sub_gone")

    status, lines = reconcile("--fix")

    assert status == 1
    left = [line for line in lines if line.startswith("not mended")]
    assert any("subscription: known here, not at Stripe" in line for line in left)
    assert any("invoice: known here, not at Stripe" in line for line in left)


def test_a_customer_that_stripe_forgot_does_not_end_the_run(
    bought: Subscription, profile: BillingProfile
) -> None:
    BillingProfile.objects.update(stripe_customer_id="cus_gone")

    assert drift().startswith("drift: billing profile, customer: known here, not at")


def test_a_write_that_nobody_settled_is_told_and_settled(
    diagrams: Offer, visa: PaymentMethod, sandbox: SandboxProcess
) -> None:
    sandbox.fault("drop_after", "POST", "/v1/subscriptions", times=TRIES)
    order = buy(diagrams, visa)
    hour_ago = timezone.now() - dt.timedelta(hours=1)
    StripeOperation.objects.filter(finished_at=None).update(created_at=hour_ago)

    status, lines = reconcile()
    assert status == 1
    assert "drift: operation subscription.buy, state: unknown since" in lines[0]

    assert mended()[0].startswith("mended: operation subscription.buy")
    assert read(order).order_state == OrderState.CONFIRMED


def test_an_order_whose_process_died_is_finished(
    diagrams: Offer, profile: BillingProfile, visa: PaymentMethod, anna: User
) -> None:
    buying._begin(order_of(diagrams, profile), visa, anna)
    hour_ago = timezone.now() - dt.timedelta(hours=1)
    StripeOperation.objects.filter(finished_at=None).update(created_at=hour_ago)

    mended()

    assert Subscription.objects.get().order_state == OrderState.CONFIRMED


def test_an_event_that_was_stored_and_forgotten_is_worked_off(
    bought: Subscription,
) -> None:
    Subscription.objects.update(stripe_status="past_due")
    StripeEvent.objects.create(
        id="evt_forgotten",
        type="customer.subscription.updated",
        object_id=bought.stripe_subscription_id,
    )
    StripeEvent.objects.update(received_at=timezone.now() - dt.timedelta(hours=1))

    status, lines = reconcile("--fix")

    assert status == 0
    assert lines[0].startswith("mended: event customer.subscription.updated")
    assert read(bought).stripe_status == "active"


def test_forgotten_writes_of_one_customer_can_be_settled_alone(
    diagrams: Offer, visa: PaymentMethod, sandbox: SandboxProcess
) -> None:
    sandbox.fault("drop_after", "POST", "/v1/subscriptions", times=TRIES)
    order = buy(diagrams, visa)
    hour_ago = timezone.now() - dt.timedelta(hours=1)
    StripeOperation.objects.filter(finished_at=None).update(created_at=hour_ago)

    reconcile("--fix", "--customer", visa.profile.stripe_customer_id)

    assert read(order).order_state == OrderState.CONFIRMED


def test_the_nightly_run_logs_drift_and_mends_nothing(
    bought: Subscription, caplog: pytest.LogCaptureFixture
) -> None:
    Subscription.objects.update(stripe_status="past_due")

    reconcile_by_night()

    (error,) = [line for line in caplog.records if line.levelname == "ERROR"]
    assert "status: past_due here, active at Stripe" in error.getMessage()
    assert read(bought).stripe_status == "past_due"


def test_a_worker_knows_the_nightly_run() -> None:
    assert "portal.reconcile" in app.tasks


def test_a_wrong_counter_is_mended_by_counting(bought: Subscription) -> None:
    Subscription.objects.update(assigned=5)

    assert mended() == ["mended: licenses, counter: 5 here, 1 counted"]


def test_a_price_that_stripe_retired_is_told(
    diagrams: Offer, stripe_client: Client
) -> None:
    stripe_client.v1.prices.update(diagrams.price.stripe_price_id, {"active": False})

    line = drift()

    assert line.startswith("drift: catalogue, price: sold here, retired at Stripe")
    assert line.endswith(
        "manage.py sync_catalog makes Stripe's what the catalogue says."
    )


def test_stripe_away_is_another_exit_status_than_drift(
    bought: Subscription, sandbox: SandboxProcess
) -> None:
    Subscription.objects.update(stripe_status="past_due")
    sandbox.fault("500_before", "GET", "/v1/invoices", times=TRIES)

    status, lines = reconcile()

    assert status == 2
    assert lines[0].startswith("drift: subscription, status")
    assert lines[-2] == "Compared 1 customers, 1 cards, 1 subscriptions. 1 drift."
    assert lines[-1].startswith("Not everything was compared.")


def test_one_organization_or_one_customer_can_be_compared(
    bought: Subscription, profile: BillingProfile, tulp: Organization
) -> None:
    Subscription.objects.update(stripe_status="past_due")

    assert reconcile("--organization", tulp.name) == (
        0,
        ["Compared nothing. No drift found."],
    )
    assert drift("--organization", "Noordzee Advies")
    assert drift("--customer", profile.stripe_customer_id)


@pytest.mark.parametrize("option", ["--organization", "--customer"])
def test_an_unknown_name_is_refused(db: None, option: str) -> None:
    with pytest.raises(CommandError):
        reconcile(option, "nobody")


def test_more_rows_take_no_more_statements(
    bought: Subscription,
    visa: PaymentMethod,
    diagrams: Offer,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(15) as counted:
        reconcile()
    for _ in range(3):
        buy(diagrams, visa, 1)

    with django_assert_num_queries(len(counted)):
        reconcile()


def test_a_second_card_of_the_same_number_is_compared_by_itself(
    profile: BillingProfile, stripe_client: Client
) -> None:
    enter_card(stripe_client, profile)
    newest = enter_card(stripe_client, profile)
    PaymentMethod.objects.filter(pk=newest.pk).update(holder_name="Somebody")

    assert mended() == ["mended: card, name: Somebody here, none at Stripe"]
