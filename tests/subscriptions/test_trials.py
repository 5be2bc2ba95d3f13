"""Trials: starting, what they cost afterwards, a later end, paying early, lapsing."""

from __future__ import annotations

import datetime as dt

import pytest
import stripe
from django.core import mail as outgoing

from billing.gateway import PaymentDeclined
from billing.models import BillingProfile, PaymentMethod
from licensing.services.assigning import assign_licenses, unassign_licenses
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.core.dates import add_months
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services.changing import (
    CannotChange,
    Outcome,
    PreviewStale,
)
from selfservice.subscriptions.services.ending import (
    cancel,
    preview_cancel,
    set_recurring,
)
from selfservice.subscriptions.services.offering import CannotBuy
from selfservice.subscriptions.services.quantity import preview_quantity
from selfservice.subscriptions.services.trials import (
    Conversion,
    convert,
    extend,
    preview_conversion,
    set_quantity_after,
)
from tests.factories.accounts import make_user
from tests.factories.mail import send_queued
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.changing import *
from tests.subscriptions.changing import (
    DAY,
    at_stripe,
    catch_up,
    invoices_at_stripe,
    pass_time,
    pay_with,
    quantity_at_stripe,
    read,
    settle,
)
from tests.subscriptions.trying import *
from tests.subscriptions.trying import start

pytestmark = pytest.mark.usefixtures("moving")
type Client = stripe.StripeClient


def state(subscription: Subscription) -> str:
    return lifecycle.state_at(read(subscription), clock.now())


def give(trial: Subscription, count: int) -> list[User]:
    """Hand so many more licenses out."""
    anna = trial.purchaser
    people = [make_user(anna.organization) for _number in range(count)]
    assign_licenses(
        actor=anna,
        purchaser=anna,
        product_id=trial.product_id,
        people=[person.pk for person in people],
    )
    return people


def pay_early(
    trial: Subscription, card: PaymentMethod | None = None
) -> tuple[Conversion, Outcome]:
    preview = preview_conversion(subscription=trial)
    chosen = card or trial.payment_method
    assert chosen is not None
    return convert(subscription=trial, seal=preview.seal, card=chosen)


def test_a_trial_has_25_licenses_for_a_month_and_costs_nothing(
    trial: Subscription, stripe_client: Client
) -> None:
    assert (trial.order_state, trial.quantity, trial.assigned) == ("confirmed", 25, 1)
    assert state(trial) == lifecycle.TRIAL
    assert trial.term_end == trial.trial_end
    assert trial.trial_end == add_months(trial.ordered_at, 1).replace(microsecond=0)
    assert trial.recurring_billing
    assert trial.paid_quantity == quantity_at_stripe(stripe_client, trial) == 3
    [invoice] = invoices_at_stripe(stripe_client, trial)
    assert invoice.total == 0


def test_a_small_cap_is_the_trials_too(
    trial_offer: Offer, profile: BillingProfile, visa: PaymentMethod, anna: User
) -> None:
    trial_offer.plan.product.license_cap = 10
    trial_offer.plan.product.save()
    assert start(trial_offer, profile, visa, anna).quantity == 10


def test_it_becomes_paid_by_itself(
    trial: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    ends = trial.trial_end
    assert ends is not None
    pass_time(sandbox, ends - clock.now() + dt.timedelta(hours=2))
    paid = catch_up(trial)

    assert state(trial) == lifecycle.ACTIVE
    assert not paid.is_trial
    assert (paid.quantity, paid.assigned, paid.bought_at) == (3, 1, ends)
    assert (paid.term_start, paid.term_end) == (ends, add_months(ends, 12))
    newest = invoices_at_stripe(stripe_client, paid)[0]
    assert (newest.status, newest.total) == ("paid", round(3 * 4920 * 1.21))


def test_nobody_loses_a_license_when_it_ends(
    trial: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    people = give(trial, 4)
    settle()
    assert read(trial).paid_quantity == quantity_at_stripe(stripe_client, trial) == 5

    unassign_licenses(
        actor=trial.purchaser,
        purchaser=trial.purchaser,
        product_id=trial.product_id,
        people=[people[0].pk],
    )
    settle()
    assert quantity_at_stripe(stripe_client, trial) == 4

    assert trial.trial_end is not None
    pass_time(sandbox, trial.trial_end - clock.now() + dt.timedelta(hours=2))
    paid = catch_up(trial)
    assert (paid.quantity, paid.assigned) == (4, 4)


def test_a_number_that_moved_while_it_was_told_is_told_again(
    trial: Subscription, stripe_client: Client
) -> None:
    give(trial, 4)
    give(trial, 2)
    settle()
    assert quantity_at_stripe(stripe_client, trial) == 7


def test_the_number_for_afterwards_can_be_changed(
    trial: Subscription, stripe_client: Client
) -> None:
    assert set_quantity_after(subscription=trial, quantity=8) == Outcome.DONE
    assert (read(trial).quantity, read(trial).paid_quantity) == (25, 8)
    assert quantity_at_stripe(stripe_client, trial) == 8
    with pytest.raises(CannotChange, match="can't be changed"):
        preview_quantity(subscription=read(trial), quantity=30)


def test_the_number_is_never_below_those_who_hold_one(trial: Subscription) -> None:
    give(trial, 4)
    settle()
    with pytest.raises(CannotChange, match="5 people have a license"):
        set_quantity_after(subscription=read(trial), quantity=4)


def test_it_is_extended_once_and_near_its_end(
    trial: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    with pytest.raises(CannotChange, match="15 days"):
        extend(subscription=trial)
    pass_time(sandbox, DAY * 20)
    assert extend(subscription=read(trial)) == Outcome.DONE

    longer = read(trial)
    assert longer.trial_end == longer.term_end
    assert longer.term_end == add_months(longer.term_start, 2)
    assert at_stripe(stripe_client, trial).trial_end == int(longer.term_end.timestamp())
    pass_time(sandbox, DAY * 30)
    assert state(trial) == lifecycle.TRIAL
    with pytest.raises(CannotChange, match="once"):
        extend(subscription=read(trial))


def test_one_that_ends_can_be_extended_and_ends_then(
    cardless: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 20)
    extend(subscription=cardless)
    longer = read(cardless)
    assert not longer.recurring_billing
    found = at_stripe(stripe_client, cardless)
    assert found.cancel_at == found.trial_end
    pass_time(sandbox, DAY * 45)
    assert state(catch_up(cardless)) == lifecycle.EXPIRED


def test_without_a_card_it_lapses(
    cardless: Subscription,
    visa: PaymentMethod,
    stripe_client: Client,
    sandbox: SandboxProcess,
) -> None:
    assert cardless.payment_method is None
    assert not cardless.recurring_billing
    assert state(cardless) == lifecycle.TRIAL
    assert cardless.trial_end is not None
    pass_time(sandbox, cardless.trial_end - clock.now() + dt.timedelta(hours=2))

    assert state(cardless) == lifecycle.EXPIRED
    assert state(catch_up(cardless)) == lifecycle.EXPIRED
    assert at_stripe(stripe_client, cardless).status == "canceled"
    assert [i.total for i in invoices_at_stripe(stripe_client, cardless)] == [0]


def test_a_trial_without_a_card_goes_on_only_by_paying(cardless: Subscription) -> None:
    with pytest.raises(CannotChange, match="no card"):
        set_recurring(subscription=cardless, on=True)


def test_turned_off_nothing_is_charged(
    trial: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    set_recurring(subscription=trial, on=False)
    pass_time(sandbox, DAY * 32)
    assert state(catch_up(trial)) == lifecycle.EXPIRED
    assert [i.total for i in invoices_at_stripe(stripe_client, trial)] == [0]


def test_canceled_it_ends_at_its_end(trial: Subscription) -> None:
    preview = preview_cancel(subscription=trial)
    assert (preview.at_once, preview.until) == (False, trial.trial_end)
    cancel(subscription=trial, seal=preview.seal, reason="other", feedback="")
    assert state(trial) == lifecycle.TRIAL
    assert not read(trial).recurring_billing


def test_paying_early_charges_what_was_shown(
    trial: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 5)
    preview, outcome = pay_early(trial)

    paid = read(trial)
    assert (outcome, state(trial), paid.quantity) == (Outcome.DONE, "active", 3)
    newest = invoices_at_stripe(stripe_client, paid)[0]
    assert (newest.status, newest.total) == ("paid", preview.total.minor)
    assert paid.bought_at is not None
    assert clock.now() - paid.bought_at < dt.timedelta(minutes=1)
    assert paid.term_end == add_months(paid.bought_at, 12)
    assert paid.scheduled_quantity is None
    with pytest.raises(CannotChange, match="paid subscription"):
        preview_conversion(subscription=paid)


def test_paying_early_needs_no_card_at_the_start(
    cardless: Subscription, visa: PaymentMethod, stripe_client: Client
) -> None:
    _preview, outcome = pay_early(cardless, visa)

    paid = read(cardless)
    assert (outcome, paid.payment_method) == (Outcome.DONE, visa)
    assert paid.recurring_billing
    found = at_stripe(stripe_client, paid)
    assert (found.status, found.cancel_at) == ("active", None)


def test_declined_the_trial_goes_on_as_it_was(
    cardless: Subscription, declining: PaymentMethod, stripe_client: Client
) -> None:
    with pytest.raises(PaymentDeclined):
        pay_early(cardless, declining)

    still = catch_up(cardless)
    assert (state(cardless), still.recurring_billing) == (lifecycle.TRIAL, False)
    assert (still.scheduled_quantity, still.pending_until) == (None, None)
    assert at_stripe(stripe_client, still).cancel_at is not None
    paid = [i for i in invoices_at_stripe(stripe_client, still) if i.amount_paid]
    assert not paid


def test_the_bank_may_ask_first(
    trial: Subscription,
    asking: PaymentMethod,
    visa: PaymentMethod,
    stripe_client: Client,
) -> None:
    _preview, outcome = pay_early(trial, asking)
    waiting = read(trial)
    assert (outcome, state(trial)) == (Outcome.WAITING, lifecycle.TRIAL)
    assert (waiting.pending_quantity, waiting.scheduled_quantity) == (3, 3)
    with pytest.raises(CannotChange, match="waits for your bank"):
        preview_conversion(subscription=waiting)

    latest = str(invoices_at_stripe(stripe_client, trial)[0].id)
    stripe_client.v1.invoices.pay(
        latest, {"payment_method": visa.stripe_payment_method_id}
    )
    paid = catch_up(trial)
    assert (state(trial), paid.quantity) == (lifecycle.ACTIVE, 3)
    assert (paid.pending_until, paid.scheduled_quantity) == (None, None)


def test_not_confirmed_the_trial_goes_on(
    trial: Subscription, asking: PaymentMethod, sandbox: SandboxProcess
) -> None:
    pay_early(trial, asking)
    pass_time(sandbox, DAY)
    still = catch_up(trial)
    assert state(trial) == lifecycle.TRIAL
    assert (still.pending_until, still.scheduled_quantity) == (None, None)
    give(still, 5)


def test_a_preview_of_another_number_is_stale(trial: Subscription) -> None:
    preview = preview_conversion(subscription=trial)
    set_quantity_after(subscription=trial, quantity=9)
    assert trial.payment_method is not None
    with pytest.raises(PreviewStale):
        convert(subscription=read(trial), seal=preview.seal, card=trial.payment_method)
    with pytest.raises(PreviewStale):
        convert(subscription=read(trial), seal="x", card=trial.payment_method)


def test_there_is_one_trial_per_product_and_organization(
    trial: Subscription,
    trial_offer: Offer,
    profile: BillingProfile,
    visa: PaymentMethod,
    anna: User,
) -> None:
    with pytest.raises(CannotBuy, match="has had its trial"):
        start(trial_offer, profile, visa, anna)


def test_what_has_no_trial_and_what_needs_a_card(
    diagrams: Offer,
    profile: BillingProfile,
    visa: PaymentMethod,
    anna: User,
) -> None:
    product = diagrams.plan.product
    product.trial_offered = False
    product.save()
    with pytest.raises(CannotBuy, match="no trial"):
        start(diagrams, profile, visa, anna)
    product.trial_offered = product.trial_needs_card = True
    product.save()
    with pytest.raises(CannotBuy, match="without a card"):
        start(diagrams, profile, None, anna)
    assert not Subscription.objects.exclude(order_state=OrderState.DECLINED).exists()


def test_a_trial_that_cant_be_charged_is_past_due(
    trial: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pay_with(stripe_client, trial, "pm_card_chargeCustomerFail")
    assert trial.trial_end is not None
    pass_time(sandbox, trial.trial_end - clock.now() + dt.timedelta(hours=2))
    late = catch_up(trial)
    assert state(trial) == lifecycle.PAST_DUE
    assert late.past_due_since == trial.trial_end


def test_a_mail_says_what_comes(trial: Subscription) -> None:
    send_queued()

    [message] = outgoing.outbox
    text = str(message.body).replace("\xa0", " ")
    assert "You have 25 licenses of Diagrams Pro to try it with." in text
    assert "It goes on with 3 licenses, and Visa •••• 4242 is charged €147.60" in text


def test_every_step_is_one_row_of_the_log(
    trial: Subscription, sandbox: SandboxProcess
) -> None:
    set_quantity_after(subscription=trial, quantity=2)
    pass_time(sandbox, DAY * 20)
    extend(subscription=read(trial))
    pay_early(read(trial))
    verbs = Activity.objects.filter(subject_id=trial.pk).order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == [
        "trial_started",
        "licenses_assigned",
        "trial_quantity",
        "trial_extended",
        "trial_converted",
        "licenses_trial",
    ]
