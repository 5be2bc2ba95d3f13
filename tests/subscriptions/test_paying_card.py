"""Another card for one subscription: what is refused, what is done, and only once."""

from __future__ import annotations

import datetime as dt

import pytest
import stripe

from billing.models import BillingProfile, PaymentMethod, StripeOperation
from selfservice.activity.models import Activity
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.changing import (
    CannotChange,
    ChangeUnderWay,
    Outcome,
)
from selfservice.subscriptions.services.ending import cancel, preview_cancel
from selfservice.subscriptions.services.paying_card import pays_already, replace_card
from selfservice.subscriptions.services.quantity import (
    preview_quantity,
    save_quantity,
)
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import enter_card
from tests.subscriptions.changing import *
from tests.subscriptions.changing import (
    UPDATE,
    at_stripe,
    catch_up,
    invoices_at_stripe,
    pass_time,
    read,
    settle,
)
from tests.subscriptions.paying import *
from tests.subscriptions.paying import HOUR
from tests.subscriptions.trying import *


def cards_asked() -> int:
    return StripeOperation.objects.filter(kind="subscription.card").count()


def state(subscription: Subscription) -> str:
    return lifecycle.state_at(read(subscription), clock.now())


def test_another_card_pays_from_now_on(
    bought: Subscription,
    visa: PaymentMethod,
    mastercard: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    outcome = replace_card(subscription=bought, card=mastercard)

    assert outcome == Outcome.DONE
    assert read(bought).payment_method == mastercard
    paid_with = at_stripe(stripe_client, bought).default_payment_method
    assert paid_with == mastercard.stripe_payment_method_id
    entry = Activity.objects.get(subject_id=bought.pk, verb="card_replaced")
    assert entry.actor_id == bought.purchaser_id
    # Ids, never what is on a card.
    assert entry.before == {"card": str(visa.pk)}
    assert entry.after == {"card": str(mastercard.pk)}
    assert len(invoices_at_stripe(stripe_client, bought)) == 1


def test_the_next_charge_goes_to_it(
    bought: Subscription,
    mastercard: PaymentMethod,
    moving: None,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
) -> None:
    replace_card(subscription=bought, card=mastercard)
    assert bought.period_end is not None
    pass_time(sandbox, bought.period_end - clock.now() + HOUR * 2)

    newest = invoices_at_stripe(stripe_client, bought)[0]

    assert newest.status == "paid"
    payments = stripe_client.v1.invoice_payments.list(
        {"invoice": str(newest.id), "expand": ["data.payment.payment_intent"]}
    )
    intent = payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert intent.payment_method == mastercard.stripe_payment_method_id


def test_a_change_at_the_renewal_is_paid_with_it_too(
    bought: Subscription,
    mastercard: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    shown = preview_quantity(subscription=bought, quantity=15, at_renewal=True)
    save_quantity(subscription=bought, quantity=15, seal=shown.seal)

    replace_card(subscription=read(bought), card=mastercard)

    schedule = str(at_stripe(stripe_client, bought).schedule)
    waits = stripe_client.v1.subscription_schedules.retrieve(schedule)
    assert waits.status == "active"
    wanted = mastercard.stripe_payment_method_id
    assert waits.default_settings.default_payment_method == wanted
    assert [phase.items[0].quantity for phase in waits.phases] == [12, 15]


def test_the_same_card_again_asks_nothing(
    bought: Subscription, visa: PaymentMethod, profile: BillingProfile
) -> None:
    assert replace_card(subscription=bought, card=visa) == Outcome.DONE
    assert cards_asked() == 0
    assert read(bought).change_number == 0


def test_a_card_entered_twice_is_the_same_until_its_date_differs(
    bought: Subscription, profile: BillingProfile, stripe_client: stripe.StripeClient
) -> None:
    twin = enter_card(stripe_client, profile)
    assert twin != bought.payment_method
    assert pays_already(bought, twin)

    PaymentMethod.objects.filter(pk=twin.pk).update(exp_year=twin.exp_year + 4)
    twin.refresh_from_db()

    assert not pays_already(bought, twin)
    replace_card(subscription=bought, card=twin)
    assert read(bought).payment_method == twin


def test_a_detached_card_can_be_replaced_by_its_twin(
    bought: Subscription, profile: BillingProfile, stripe_client: stripe.StripeClient
) -> None:
    twin = enter_card(stripe_client, profile)
    PaymentMethod.objects.filter(pk=bought.card.pk).update(detached_at=clock.now())
    assert not pays_already(read(bought), twin)


def test_a_card_that_cant_pay_is_refused(
    bought: Subscription, mastercard: PaymentMethod, brams: PaymentMethod
) -> None:
    with pytest.raises(CannotChange, match="can't pay for this billing profile"):
        replace_card(subscription=bought, card=brams)
    mastercard.detached_at = clock.now()
    with pytest.raises(CannotChange, match="can't pay for this billing profile"):
        replace_card(subscription=bought, card=mastercard)
    mastercard.detached_at = None
    mastercard.exp_year, mastercard.exp_month = 2025, 3
    with pytest.raises(CannotChange, match=r"4444 expired in 03/2025\. Use another"):
        replace_card(subscription=bought, card=mastercard)
    assert cards_asked() == 0


def test_stripes_refusal_is_said_and_logged(
    bought: Subscription,
    visa: PaymentMethod,
    mastercard: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    # Detached a moment ago; the news of it isn't here yet.
    stripe_client.v1.payment_methods.detach(mastercard.stripe_payment_method_id)

    with pytest.raises(Exception, match="refused this"):
        replace_card(subscription=bought, card=mastercard)

    assert read(bought).payment_method == visa
    verbs = Activity.objects.filter(subject_id=bought.pk).order_by("id")
    assert list(verbs.values_list("verb", flat=True))[-2:] == [
        "card_replaced",
        "change_refused",
    ]


def test_only_what_is_still_charged_can_be_paid_with_another(
    bought: Subscription, mastercard: PaymentMethod
) -> None:
    seal = preview_cancel(subscription=bought).seal
    cancel(subscription=bought, seal=seal, reason="mistake", feedback="")

    with pytest.raises(CannotChange, match="only while a subscription is active"):
        replace_card(subscription=read(bought), card=mastercard)


def test_while_a_payment_waits_for_the_bank_it_is_refused(
    bought: Subscription, mastercard: PaymentMethod
) -> None:
    later = clock.now() + dt.timedelta(hours=20)
    Subscription.objects.filter(pk=bought.pk).update(
        pending_quantity=15, pending_until=later
    )
    with pytest.raises(CannotChange, match="waits for your bank"):
        replace_card(subscription=read(bought), card=mastercard)


def test_a_lost_answer_is_settled_by_the_worker(
    bought: Subscription,
    mastercard: PaymentMethod,
    visa: PaymentMethod,
    sandbox: SandboxProcess,
) -> None:
    sandbox.fault("drop_after", "POST", UPDATE, times=3)

    outcome = replace_card(subscription=bought, card=mastercard)

    assert outcome == Outcome.CHECKING
    with pytest.raises(ChangeUnderWay):
        replace_card(subscription=read(bought), card=mastercard)
    settle()
    assert read(bought).payment_method == mastercard
    assert cards_asked() == 1


def test_a_trial_with_a_card_is_charged_to_the_new_one_at_its_end(
    trial: Subscription,
    mastercard: PaymentMethod,
    moving: None,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
) -> None:
    replace_card(subscription=trial, card=mastercard)
    assert read(trial).is_trial
    assert trial.trial_end is not None
    pass_time(sandbox, trial.trial_end - clock.now() + HOUR * 2)

    assert state(catch_up(trial)) == lifecycle.ACTIVE
    paid_with = at_stripe(stripe_client, trial).default_payment_method
    assert paid_with == mastercard.stripe_payment_method_id


def test_a_trial_without_a_card_keeps_one_and_still_ends(
    cardless: Subscription,
    visa: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    replace_card(subscription=cardless, card=visa)

    kept = read(cardless)
    assert kept.payment_method == visa
    assert kept.recurring_billing is False
    assert at_stripe(stripe_client, cardless).cancel_at is not None
    entry = Activity.objects.get(subject_id=cardless.pk, verb="card_replaced")
    assert entry.before == {}


def test_what_is_past_due_stays_open_and_is_paid_with_the_new_card(
    unpaid: Subscription,
    mastercard: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    assert state(unpaid) == lifecycle.PAST_DUE

    replace_card(subscription=unpaid, card=mastercard)

    assert state(unpaid) == lifecycle.PAST_DUE
    newest = invoices_at_stripe(stripe_client, unpaid)[0]
    assert newest.status == "open"
    # What Stripe tries by itself, days later, goes to the new card.
    stripe_client.v1.invoices.pay(str(newest.id))
    assert state(catch_up(unpaid)) == lifecycle.ACTIVE
