"""The pane Reactivate this subscription: refusals, cards, the bank, what is lost."""

from __future__ import annotations

import datetime as dt

import pytest
import stripe
from django.test import Client

from billing.models import BillingProfile, PaymentMethod, StripeOperation
from selfservice.accounts.models import User
from selfservice.activity.models import Activity, Mail
from selfservice.core import clock
from selfservice.core.drift import Comparison, Outcome
from selfservice.portal.services.reconcile import Scope, reconcile
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import NextContract, Subscription
from selfservice.subscriptions.services.contract import sync_subscription
from tests.factories.subscriptions import make_subscription
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *
from tests.subscriptions.changing import DAY, pass_time, settle
from tests.subscriptions.reactivating import *
from tests.subscriptions.reactivating import (
    Pane,
    cancel_at_once,
    confirm_at_the_bank,
    expire,
    let_a_day_pass,
)
from tests.subscriptions.test_reactivating import check_running, open_at_stripe, owed
from tests.subscriptions.trying import *

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox_only]
YEAR = dt.timedelta(days=365)
# How long ago the year began, what else is so, and why it is refused.
REFUSED = {
    "active": (DAY, {}, "Only an expired or disabled subscription"),
    "renewing": (YEAR + DAY, {}, "Only an expired or disabled subscription"),
    "deleted": (
        YEAR + 121 * DAY,
        {"recurring_billing": False},
        "This subscription is deleted for good",
    ),
    "trial": (
        YEAR + DAY,
        {"recurring_billing": False, "quantity_after_trial": 1, "trial_end": "term"},
        "A trial that is over can't be reactivated. Buy the product instead.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_why(name: str, client: Client, anna: User) -> None:
    client.force_login(anna)
    ago, fields, sentence = REFUSED[name]
    made = make_subscription(
        anna,
        term_start=clock.now() - ago,
        stripe_subscription_id="",
        quantity_after_trial=fields.get("quantity_after_trial"),
        recurring_billing=fields.get("recurring_billing", True),
    )
    if "trial_end" in fields:
        Subscription.objects.update(trial_end=made.term_end)
    address = f"/subscriptions/{made.pk}/reactivate/"

    shown = client.get(address).content.decode().replace("&#x27;", "'")
    sent = client.post(address, {"payment": str(made.payment_method_id)})

    assert sentence in shown
    assert 'name="seal"' not in shown
    assert sent.status_code == 422
    assert not StripeOperation.objects.exists()


def test_what_is_no_longer_sold_is_refused(pane: Pane) -> None:
    cancel_at_once(pane)
    form = pane.form()
    product = pane.row.product
    product.ends_sale_at = clock.now()
    product.save()

    status, page = pane.send(form)

    assert status == 422
    assert "is no longer sold" in page
    assert "is no longer sold" in pane.look()
    assert pane.state == lifecycle.DISABLED


def test_a_strangers_is_not_found(pane: Pane, dirk: User, bram: User) -> None:
    cancel_at_once(pane)
    form = pane.form()
    for stranger in (dirk, bram):
        pane.web.force_login(stranger)

        assert pane.web.get(pane.address).status_code == 404
        assert pane.web.post(pane.address, form).status_code == 404
    assert not NextContract.objects.exists()


def test_what_was_shown_too_long_ago_is_shown_anew(pane: Pane) -> None:
    cancel_at_once(pane)
    first = pane.form()
    Subscription.objects.update(change_number=99)

    status, page = pane.send(first)

    assert status == 422
    assert "Something has changed since this was shown" in page
    assert not NextContract.objects.exists()


def test_sent_twice_is_paid_once(
    pane: Pane, stripe_client: stripe.StripeClient
) -> None:
    cancel_at_once(pane)
    form = pane.form()

    pane.send(form)
    status, _page = pane.send(form)

    assert status == 422
    assert NextContract.objects.count() == 1
    check_running(pane, stripe_client)


def test_a_declined_card_changes_nothing_and_another_one_works(
    pane: Pane,
    declining: PaymentMethod,
    visa: PaymentMethod,
    stripe_client: stripe.StripeClient,
    profile: BillingProfile,
) -> None:
    before = cancel_at_once(pane)

    status, page = pane.press(declining)

    assert status == 422
    assert "The bank declined this card" in page
    assert pane.row.stripe_subscription_id == before.stripe_subscription_id
    assert pane.state == lifecycle.DISABLED
    assert open_at_stripe(stripe_client, profile) == []
    assert owed(stripe_client, profile) == 0

    assert pane.press(visa)[0] == 200
    check_running(pane, stripe_client)
    assert pane.row.payment_method == visa


def test_an_expired_card_is_refused(pane: Pane) -> None:
    cancel_at_once(pane)
    form = pane.form()
    PaymentMethod.objects.update(exp_year=2020)

    status, page = pane.send(form)

    assert status == 422
    assert "Use another card." in page
    assert not NextContract.objects.exists()


def test_a_new_card_is_entered_on_stripes_own_page(pane: Pane) -> None:
    cancel_at_once(pane)
    form = pane.form() | {"payment": "new"}

    answer = pane.web.post(pane.address, form)

    assert answer.status_code == 302
    assert pane.subscription.profile.stripe_customer_id
    assert "/checkout/" in answer["Location"] or "cs_" in answer["Location"]


def test_the_bank_is_asked_and_until_then_nothing_changes(
    pane: Pane, asking: PaymentMethod, stripe_client: stripe.StripeClient
) -> None:
    cancel_at_once(pane)

    status, page = pane.press(asking)

    assert status == 200
    assert "Your bank wants you to confirm the payment" in page
    assert pane.state == lifecycle.DISABLED
    assert "Your bank wants you to confirm" in pane.look()
    assert 'name="seal"' not in pane.look()

    confirm_at_the_bank(pane)
    sync_subscription(NextContract.objects.get().stripe_subscription_id)

    check_running(pane, stripe_client)


def test_what_the_bank_was_asked_can_be_given_up(
    pane: Pane,
    asking: PaymentMethod,
    visa: PaymentMethod,
    stripe_client: stripe.StripeClient,
    profile: BillingProfile,
) -> None:
    cancel_at_once(pane)
    pane.press(asking)

    status, page = pane.send({"action": "drop"})

    assert status == 200
    assert "The payment is given up. Nothing was charged." in page
    assert (open_at_stripe(stripe_client, profile), owed(stripe_client, profile)) == (
        [],
        0,
    )
    assert pane.press(visa)[0] == 200
    check_running(pane, stripe_client)


def test_an_unconfirmed_payment_lapses(
    pane: Pane,
    sandbox: SandboxProcess,
    asking: PaymentMethod,
    visa: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    cancel_at_once(pane)
    pane.press(asking)

    pass_time(sandbox, DAY)

    # No event arrived: the pane asks Stripe.
    assert 'name="seal"' in pane.look()
    assert NextContract.objects.get().state == "dropped"
    assert pane.press(visa)[0] == 200
    check_running(pane, stripe_client)


@pytest.mark.parametrize("late", [False, True], ids=["soon", "after a day"])
def test_a_lost_answer_is_found_out(
    late: bool,
    pane: Pane,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
) -> None:
    cancel_at_once(pane)
    form = pane.form()
    sandbox.fault("drop_after", "POST", "/v1/subscriptions$", times=3)

    status, page = pane.send(form)

    assert status == 200
    assert "checking with the payment provider" in page
    assert pane.state == lifecycle.DISABLED
    assert pane.send(form)[0] == 422
    if late:
        let_a_day_pass("subscription.reactivate")
    settle()
    check_running(pane, stripe_client)


def test_it_is_logged_and_told_by_mail_once(pane: Pane) -> None:
    cancel_at_once(pane)

    pane.press()
    settle()
    sync_subscription(pane.row.stripe_subscription_id)

    assert Activity.objects.filter(verb="reactivated").count() == 1
    assert Mail.objects.filter(kind="reactivated").count() == 1
    details = pane.web.get(f"/subscriptions/{pane.subscription.pk}/").content.decode()
    assert "reactivated the subscription for a new term" in details


def test_the_entry_stands_in_the_menu_of_what_is_over(pane: Pane) -> None:
    menu = f"/products/{pane.subscription.pk}"
    assert "Reactivate this subscription" not in pane.web.get(menu).content.decode()

    cancel_at_once(pane)

    assert pane.address in pane.web.get(menu).content.decode()
    details = pane.web.get(f"/subscriptions/{pane.subscription.pk}/").content.decode()
    assert pane.address in details


def test_somebody_who_left_meanwhile_pays_no_further_term(
    pane: Pane, sandbox: SandboxProcess, anna: User
) -> None:
    cancel_at_once(pane)
    form = pane.form()
    sandbox.fault("drop_after", "POST", "/v1/subscriptions$", times=3)
    pane.send(form)
    User.objects.filter(pk=anna.pk).update(is_active=False)

    settle()
    settle()

    assert pane.state == lifecycle.ACTIVE
    assert not pane.row.recurring_billing


def test_garbage_is_refused_with_a_sentence(pane: Pane) -> None:
    cancel_at_once(pane)
    form = pane.form()
    strange = ("\x00", "é", "x" * 5000, "-1", "0b5e", ":::")
    rest = {
        "seal": {},
        "payment": {},
        "setup_intent": {"payment": "new"},
        "action": {"seal": ""},
    }
    for name, beside in rest.items():
        for value in strange:
            sent = {**form, **beside, name: value}

            assert pane.web.post(pane.address, sent).status_code == 422, (name, value)
    assert pane.web.get(pane.address, {"card_session": "\x00é"}).status_code == 200
    assert not NextContract.objects.exists()


def test_an_expired_one_keeps_its_people_licensed(
    pane: Pane, sandbox: SandboxProcess
) -> None:
    expire(pane, sandbox)
    shown = pane.look()

    pane.press()

    assert "They have a license then: Anna de Vries." in shown
    assert pane.row.assigned == 1


def test_reconciling_finds_the_payment_that_nobody_told_us_of(
    pane: Pane, asking: PaymentMethod, stripe_client: stripe.StripeClient
) -> None:
    cancel_at_once(pane)
    pane.press(asking)

    waits = list(reconcile(Comparison(fix=False), Scope()))
    confirm_at_the_bank(pane)
    paid = list(reconcile(Comparison(fix=True), Scope()))

    assert "subscription" not in {finding.subject for finding in waits}
    assert Outcome.MENDED in {finding.outcome for finding in paid}
    check_running(pane, stripe_client)
