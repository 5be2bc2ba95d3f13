"""Cancelling, recurring billing, and what happens when a renewal can't be paid."""

from __future__ import annotations

import re

import pytest
import stripe
from django.db.models import F
from django.test import Client as WebClient
from procrastinate.contrib.django.models import ProcrastinateJob

from billing.models import Invoice
from billing.services.refunds import INVOICE_JOB
from billing.tasks import sync_invoice
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import ScheduledChange, Subscription
from selfservice.subscriptions.services.changing import (
    CannotChange,
    Outcome,
    PreviewStale,
)
from selfservice.subscriptions.services.ending import (
    CancelPreview,
    cancel,
    preview_cancel,
    set_recurring,
)
from selfservice.subscriptions.services.overdue import give_up_overdue
from selfservice.subscriptions.services.quantity import preview_quantity, save_quantity
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.changing import *
from tests.subscriptions.changing import (
    DAY,
    UPDATE,
    at_stripe,
    catch_up,
    given_back,
    invoices_at_stripe,
    pass_time,
    pay_with,
    read,
    settle,
    sync_all_invoices,
)

pytestmark = pytest.mark.usefixtures("moving")
type Client = stripe.StripeClient


def say_goodbye(subscription: Subscription) -> tuple[CancelPreview, Outcome]:
    preview = preview_cancel(subscription=subscription)
    return cancel(
        subscription=subscription,
        seal=preview.seal,
        reason="expensive",
        feedback="Too much for us.",
    )


def state(subscription: Subscription) -> str:
    return lifecycle.state_at(read(subscription), clock.now())


def test_inside_the_window_it_ends_today_and_the_money_goes_back(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 6)

    preview, outcome = say_goodbye(read(bought))
    settle()

    assert (preview.at_once, outcome) == (True, Outcome.DONE)
    assert state(bought) == lifecycle.DISABLED
    assert at_stripe(stripe_client, bought).status == "canceled"
    assert preview.refund is not None
    assert given_back(stripe_client, bought) == preview.refund.minor
    assert 0.98 < preview.refund.minor / 71438 < 0.99


def test_the_refund_stands_on_the_invoice_though_no_event_told_of_it(
    bought: Subscription, stripe_client: Client
) -> None:
    sync_all_invoices(stripe_client, bought)
    preview, _outcome = say_goodbye(bought)
    settle()

    for job in ProcrastinateJob.objects.filter(task_name=INVOICE_JOB):
        sync_invoice(**job.args)

    assert preview.refund == Invoice.objects.get().refunded


def test_the_log_says_how_much_went_back_and_of_which_invoice(
    bought: Subscription, stripe_client: Client, client: WebClient
) -> None:
    sync_all_invoices(stripe_client, bought)
    say_goodbye(bought)
    settle()
    client.force_login(bought.purchaser)

    page = client.get(
        f"/subscriptions/{bought.pk}/activity/", headers={"accept-language": "nl"}
    ).content.decode()

    number = Invoice.objects.get().number
    said = " ".join(re.sub(r"<[^>]+>", " ", page).replace("\xa0", " ").split())
    assert "Er ging geld terug naar de kaart" in said
    assert "Bedrag: € 714,3" in said, said[said.index("Er ging") :][:200]
    assert f"Factuurnummer: {number}" in said


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "500_after"])
def test_nobody_uses_it_while_stripes_answer_is_unknown(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess, fault: str
) -> None:
    sandbox.fault(fault, "DELETE", UPDATE, times=3)

    preview, outcome = say_goodbye(bought)

    assert outcome == Outcome.CHECKING
    assert state(bought) == lifecycle.DISABLED
    for _again in range(2):
        settle()
    assert at_stripe(stripe_client, bought).status == "canceled"
    assert preview.refund is not None
    assert given_back(stripe_client, bought) == preview.refund.minor


def test_after_the_window_it_can_be_used_to_the_end_and_taken_back(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 8)

    preview, outcome = say_goodbye(read(bought))

    found = read(bought)
    assert (preview.at_once, outcome) == (False, Outcome.DONE)
    assert (state(found), found.recurring_billing) == (lifecycle.ACTIVE, False)
    details = at_stripe(stripe_client, bought).cancellation_details
    assert details is not None
    assert (details.feedback, details.comment) == ("too_expensive", "Too much for us.")
    with pytest.raises(CannotChange, match="canceled already"):
        preview_cancel(subscription=found)

    set_recurring(subscription=found, on=True)

    found = read(bought)
    assert (found.recurring_billing, found.cancelled_at) == (True, None)
    assert at_stripe(stripe_client, bought).cancel_at is None


def test_a_second_save_of_the_same_cancel_gives_back_nothing_more(
    bought: Subscription, stripe_client: Client
) -> None:
    preview = preview_cancel(subscription=bought)
    words = {"reason": "other", "feedback": ""}
    cancel(subscription=read(bought), seal=preview.seal, **words)

    with pytest.raises((PreviewStale, CannotChange)):
        cancel(subscription=read(bought), seal=preview.seal, **words)
    settle()

    assert preview.refund is not None
    assert given_back(stripe_client, bought) == preview.refund.minor


def test_an_end_of_the_term_comes_as_said(
    bought: Subscription, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 8)
    set_recurring(subscription=read(bought), on=False)

    pass_time(sandbox, DAY * 358)
    catch_up(bought)

    assert state(bought) == lifecycle.EXPIRED
    pass_time(sandbox, DAY * 30)
    assert state(bought) == lifecycle.DISABLED


def test_recurring_billing_off_lets_go_of_what_was_scheduled(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 8)
    preview = preview_quantity(subscription=read(bought), quantity=5)
    save_quantity(subscription=read(bought), quantity=5, seal=preview.seal)

    set_recurring(subscription=read(bought), on=False)

    found = read(bought)
    assert (found.recurring_billing, found.scheduled_quantity) == (False, None)
    assert not ScheduledChange.objects.exists()
    assert at_stripe(stripe_client, bought).schedule is None


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
@pytest.mark.parametrize("on", [True, False])
def test_a_switch_whose_answer_is_lost_stands_as_wanted_in_the_end(
    bought: Subscription, sandbox: SandboxProcess, fault: str, on: bool
) -> None:
    if on:
        set_recurring(subscription=bought, on=False)
    sandbox.fault(fault, "POST", UPDATE, times=3)

    assert set_recurring(subscription=read(bought), on=on) == Outcome.CHECKING
    settle()

    assert read(bought).recurring_billing is on


def test_a_renewal_moves_the_term_on_and_is_charged(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 366)

    renewed = catch_up(bought)
    sync_all_invoices(stripe_client, bought)

    assert renewed.term_start == bought.term_end
    assert Invoice.objects.filter(status="paid").count() == 2
    assert preview_cancel(subscription=renewed).at_once


def test_what_is_changed_after_a_term_whose_renewal_was_not_told_is_of_the_new_one(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 365 + DAY / 12)

    set_recurring(subscription=read(bought), on=False)

    found = read(bought)
    assert found.term_start == bought.term_end
    assert found.term_end is not None
    ends = at_stripe(stripe_client, bought).cancel_at
    assert ends == int(found.term_end.timestamp())


def test_a_renewal_that_cannot_be_paid_is_past_due_until_it_is_paid(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    good = bought.payment_method.stripe_payment_method_id
    pay_with(stripe_client, bought, "pm_card_chargeCustomerFail")
    pass_time(sandbox, DAY * 366)
    late = catch_up(bought)
    assert (state(late), late.past_due_since) == (lifecycle.PAST_DUE, bought.term_end)

    latest = invoices_at_stripe(stripe_client, bought)[0]
    stripe_client.v1.invoices.pay(str(latest.id), {"payment_method": good})

    assert state(catch_up(bought)) == lifecycle.ACTIVE


def test_what_is_never_paid_ends_after_thirty_days_at_stripe_too(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pay_with(stripe_client, bought, "pm_card_chargeCustomerFail")
    pass_time(sandbox, DAY * 366)
    catch_up(bought)
    pass_time(sandbox, DAY * 30)
    assert state(bought) == lifecycle.DISABLED

    for _day in range(2):
        give_up_overdue()
        settle()

    assert at_stripe(stripe_client, bought).status == "canceled"
    assert invoices_at_stripe(stripe_client, bought)[0].status == "void"
    ended = Subscription.objects.filter(disabled_at=F("past_due_since") + DAY * 30)
    assert ended.exists()
