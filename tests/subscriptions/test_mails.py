"""What the purchaser is told about what they bought."""

from __future__ import annotations

import datetime as dt

import pytest
import stripe
from django.core import mail as outgoing

from billing.models import Invoice
from selfservice.accounts.models import User
from selfservice.activity.models import Mail
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.ending import (
    cancel,
    preview_cancel,
    set_recurring,
)
from selfservice.subscriptions.services.overdue import give_up_overdue
from tests.dates import shown_day
from tests.factories.licensing import give_licenses
from tests.factories.mail import kinds_queued, send_queued
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.changing import *
from tests.subscriptions.changing import (
    DAY,
    catch_up,
    invoices_at_stripe,
    pass_time,
    pay_with,
    read,
    settle,
)

pytestmark = pytest.mark.usefixtures("moving")


def say_goodbye(subscription: Subscription) -> None:
    seal = preview_cancel(subscription=subscription).seal
    cancel(subscription=subscription, seal=seal, reason="expensive", feedback="")


def latest() -> str:
    send_queued()
    return str(outgoing.outbox[-1].body).replace("\xa0", " ")


def test_an_order_is_confirmed_once(bought: Subscription, anna: User) -> None:
    catch_up(bought)
    catch_up(bought)

    text = latest()

    assert [message.to for message in outgoing.outbox] == [[anna.email]]
    assert f"order of 12 licenses of {bought.product.name} is confirmed" in text
    assert "Charged to Visa •••• 4242: €714.38, tax included." in text
    assert f"/subscriptions/{bought.pk}/\n" in text


def test_whoever_cancels_inside_the_window_reads_what_comes_back(
    bought: Subscription,
) -> None:
    say_goodbye(bought)

    text = latest()

    assert "canceled and was disabled at once" in text
    assert "€714.38 goes back to Visa •••• 4242." in text


def test_money_that_goes_back_is_told_once_with_its_invoice(
    bought: Subscription,
) -> None:
    say_goodbye(bought)
    settle()
    settle()

    text = latest()

    assert kinds_queued() == ["order_confirmed", "cancelled", "refunded"]
    number = Invoice.objects.get().number
    assert f"€714.38 of invoice {number} for Diagrams Pro goes back to the" in text


def test_whoever_cancels_later_reads_until_when_it_lasts(
    bought: Subscription, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, 8 * DAY)
    say_goodbye(catch_up(bought))

    text = latest()

    end = read(bought).term_end
    assert end is not None
    assert f"can be used until {shown_day(end)} and isn't renewed" in text
    assert "goes back" not in text


def test_turning_recurring_billing_off_is_no_cancellation(
    bought: Subscription,
) -> None:
    set_recurring(subscription=bought, on=False)

    assert kinds_queued() == ["order_confirmed"]


def test_a_renewal_that_fails_is_told_once_with_the_way_out(
    bought: Subscription, stripe_client: stripe.StripeClient, sandbox: SandboxProcess
) -> None:
    pay_with(stripe_client, bought, "pm_card_chargeCustomerFail")
    pass_time(sandbox, 366 * DAY)

    catch_up(bought)
    catch_up(bought)

    assert kinds_queued() == ["order_confirmed", "payment_failed"]
    since = read(bought).past_due_since
    assert since is not None
    until = since + dt.timedelta(days=30)
    (open_one,) = [
        invoice
        for invoice in invoices_at_stripe(stripe_client, bought)
        if invoice.status == "open"
    ]
    text = latest()
    assert f"€714.38 of invoice {open_one.number} for {bought.product.name}" in text
    assert f"until {shown_day(until)}; without a payment" in text
    assert "Pay, or choose another card:\nhttp://127.0.0.1:8000/subscr" in text


def test_what_is_disabled_for_not_being_paid_is_told_once(
    bought: Subscription,
    stripe_client: stripe.StripeClient,
    sandbox: SandboxProcess,
    bram: User,
) -> None:
    give_licenses(bought, [bram])
    pay_with(stripe_client, bought, "pm_card_chargeCustomerFail")
    pass_time(sandbox, 366 * DAY)
    catch_up(bought)
    pass_time(sandbox, 30 * DAY)

    for _day in range(2):
        give_up_overdue()
        settle()

    kinds = ["order_confirmed", "payment_failed", "given_up"]
    assert kinds_queued() == kinds
    disabled = read(bought).disabled_at
    assert disabled is not None
    text = latest()
    assert f"failed for 30 days, so it is disabled since {shown_day(disabled)}" in text
    assert "2 people can't use it any more. You can" in text
    until = shown_day(disabled + 90 * DAY)
    assert f"reactivate it until {until}: a new term begins on the day that you" in text
    assert f"/subscriptions/{bought.pk}/\n" in text


def test_a_purchaser_who_left_gets_no_mail(bought: Subscription, anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(is_active=False)

    say_goodbye(read(bought))

    assert not Mail.objects.filter(kind="cancelled").exists()
