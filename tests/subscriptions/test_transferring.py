"""Handing what somebody bought to a colleague."""

from __future__ import annotations

import pytest
import stripe
from django.core import mail as outgoing
from django.test import Client
from django.urls import reverse

from billing.models import BillingProfile, PaymentMethod
from licensing.models import LicenseAssignment
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.catalog.models import Frequency, Term
from selfservice.core import clock
from selfservice.core.dates import add_months
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.changing import Outcome
from selfservice.subscriptions.services.contract import sync_subscription
from selfservice.subscriptions.services.ending import set_recurring
from selfservice.subscriptions.services.quantity import (
    preview_quantity,
    save_quantity,
)
from selfservice.subscriptions.services.transferring import (
    plan_transfer,
    transfer,
)
from tests.factories.catalog import make_product
from tests.factories.licensing import give_licenses
from tests.factories.mail import send_queued
from tests.factories.subscriptions import make_subscription
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import put_on_sale
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
from tests.subscriptions.handing import *
from tests.subscriptions.handing import former, hand_over, place
from tests.subscriptions.test_leaving import leave

pytestmark = [pytest.mark.usefixtures("moving"), pytest.mark.sandbox_only]


def test_the_receiver_has_it_and_nothing_is_charged(
    old: Subscription,
    bram: User,
    brams_card: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    assert hand_over(old, bram) == Outcome.DONE

    found = read(old)
    assert (found.purchaser, found.profile_id) == (bram, brams_card.profile_id)
    assert found.payment_method == brams_card
    assert (found.quantity, found.assigned) == (12, 1)
    assert found.recurring_billing is True
    assert (found.term_start, found.term_end) == (old.term_start, old.term_end)
    assert found.period_end == old.period_end
    assert former(stripe_client, old).status == "canceled"
    theirs = at_stripe(stripe_client, found)
    assert (theirs.status, theirs.cancel_at) == ("active", None)
    assert theirs.customer == brams_card.profile.stripe_customer_id
    assert invoices_at_stripe(stripe_client, found) == []


def test_the_next_charge_is_the_receivers_and_only_theirs(
    old: Subscription,
    bram: User,
    brams_card: PaymentMethod,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
) -> None:
    hand_over(old, bram)
    pass_time(sandbox, 366 * DAY)
    found = catch_up(read(old))

    (invoice,) = invoices_at_stripe(stripe_client, found)
    assert (invoice.status, invoice.total) == ("paid", 71438)
    assert len(invoices_at_stripe(stripe_client, old)) == 1
    assert found.term_start == old.term_end
    assert old.bought_at
    assert found.term_end == add_months(old.bought_at, 24)


def test_people_keep_their_licenses(
    old: Subscription, bram: User, carla: User, brams_card: PaymentMethod
) -> None:
    give_licenses(old, [carla])

    hand_over(read(old), bram)

    live = LicenseAssignment.objects.filter(ended_at=None, suspended_at=None)
    assert {row.purchaser for row in live} == {bram}
    assert live.count() == read(old).assigned == 2


def test_whoever_has_one_of_the_receiver_keeps_that_one(
    old: Subscription, anna: User, bram: User, brams_card: PaymentMethod
) -> None:
    own = make_subscription(bram, old.product)
    give_licenses(own, [anna])

    hand_over(old, bram)

    live = LicenseAssignment.objects.get(ended_at=None)
    assert live.subscription == own
    assert read(old).assigned == 0


def test_what_went_off_when_the_purchaser_left_is_renewed_again(
    old: Subscription,
    anna: User,
    bram: User,
    brams_card: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    leave(anna)
    settle()

    planned = plan_transfer(subscription=read(old), receiver=bram)
    transfer(planned)

    assert planned.turned_on
    assert read(old).recurring_billing is True
    assert at_stripe(stripe_client, read(old)).cancel_at is None


def test_what_somebody_turned_off_stays_off(
    old: Subscription,
    bram: User,
    brams_card: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    set_recurring(subscription=old, on=False)

    hand_over(read(old), bram)

    found = read(old)
    assert found.recurring_billing is False
    assert found.term_end
    assert at_stripe(stripe_client, found).cancel_at == found.term_end.timestamp()


def test_a_change_at_the_renewal_is_dropped(
    old: Subscription,
    bram: User,
    brams_card: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    shown = preview_quantity(subscription=old, quantity=5, at_renewal=True)
    save_quantity(subscription=old, quantity=5, seal=shown.seal)

    planned = plan_transfer(subscription=read(old), receiver=bram)
    transfer(planned)

    assert planned.drops_change
    assert read(old).scheduled_quantity is None
    assert at_stripe(stripe_client, read(old)).schedule is None


def test_both_and_the_subscription_have_it_in_the_log_and_the_receiver_a_mail(
    old: Subscription, anna: User, bram: User, brams_card: PaymentMethod
) -> None:
    hand_over(old, bram)
    send_queued()

    logged = dict(
        Activity.objects.filter(after__purchaser=str(bram.pk)).values_list(
            "verb", "subject_id"
        )
    )
    assert logged == {
        "transferred": old.pk,
        "subscription_given": anna.pk,
        "subscription_received": bram.pk,
    }
    text = " ".join(str(outgoing.outbox[-1].body).split())
    assert outgoing.outbox[-1].to == [bram.email]
    assert "subscription to Diagrams Pro from now on: 12 licenses, 1 assigned" in text
    assert "Nothing is charged now. Mastercard •••• 4444 is charged from" in text


def test_each_sees_what_is_theirs(
    old: Subscription,
    anna: User,
    bram: User,
    brams_card: PaymentMethod,
    client: Client,
) -> None:
    hand_over(old, bram)
    page = reverse("subscriptions:details", args=[old.pk])

    client.force_login(anna)
    assert client.get(page).status_code == 404
    client.force_login(bram)
    shown = client.get(page).content.decode()
    assert "Mastercard •••• 4444" in shown
    assert "/billing/invoices/0" not in shown


def test_events_about_the_former_one_change_nothing(
    old: Subscription, bram: User, brams_card: PaymentMethod
) -> None:
    hand_over(old, bram)
    before = read(old)

    sync_subscription(old.stripe_subscription_id)

    after = read(old)
    assert after.stripe_subscription_id == before.stripe_subscription_id
    assert (after.disabled_at, after.recurring_billing) == (None, True)


def test_more_licenses_cost_the_rest_of_the_paid_period(
    old: Subscription, bram: User, brams_card: PaymentMethod
) -> None:
    before = preview_quantity(subscription=old, quantity=15, at_renewal=False)
    hand_over(old, bram)

    after = preview_quantity(subscription=read(old), quantity=15, at_renewal=False)

    assert before.charge
    assert after.charge
    assert abs(before.charge.minor - after.charge.minor) <= 2


def test_a_price_that_is_not_sold_any_more_stays_theirs(
    old: Subscription,
    bram: User,
    brams_card: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    price_id = old.price.stripe_price_id
    stripe_client.v1.prices.update(price_id, {"active": False})

    hand_over(old, bram)

    assert read(old).purchaser == bram
    assert stripe_client.v1.prices.retrieve(price_id).active is False


def test_months_of_a_31st_stay_so(
    anna: User,
    bram: User,
    profile: BillingProfile,
    brams_card: PaymentMethod,
    visa: PaymentMethod,
    sandbox: SandboxProcess,
) -> None:
    now = clock.now()
    last = next(
        day
        for day in (now.replace(hour=9) + n * DAY for n in range(1, 400))
        if day.day == 31 and day.month == 1
    )
    pass_time(sandbox, last - now)
    monthly = put_on_sale(
        make_product("Planner"), 500, term=Term.YEAR, frequency=Frequency.MONTHLY
    )
    row = place(monthly, profile, visa, anna)
    pass_time(sandbox, 10 * DAY)

    hand_over(catch_up(row), bram)

    assert row.bought_at
    for month in (1, 2, 3, 11):
        end = add_months(row.bought_at, month)
        pass_time(sandbox, end - DAY - clock.now())
        found = catch_up(read(row))
        assert (found.period_end, found.term_end) == (end, row.term_end)
    pass_time(sandbox, 40 * DAY)
    assert catch_up(read(row)).term_end == add_months(row.bought_at, 24)
