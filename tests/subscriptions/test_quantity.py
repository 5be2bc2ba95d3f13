"""More and fewer licenses: as shown, once, and true whatever gets lost."""

from __future__ import annotations

import pytest
import stripe

from billing import gateway
from billing.models import StripeOperation
from selfservice.core.money import Money
from selfservice.subscriptions.models import (
    QuantityChange,
    ScheduledChange,
    Subscription,
)
from selfservice.subscriptions.services.changing import (
    CannotChange,
    ChangeUnderWay,
    Outcome,
    PreviewStale,
)
from selfservice.subscriptions.services.quantity import (
    Preview,
    When,
    preview_quantity,
    save_quantity,
)
from selfservice.subscriptions.services.scheduling import undo_scheduled_change
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
    quantity_at_stripe,
    read,
    settle,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("moving"),
]
type Client = stripe.StripeClient


def save(subscription: Subscription, preview: Preview) -> Outcome:
    return save_quantity(
        subscription=read(subscription), quantity=preview.quantity, seal=preview.seal
    )[1]


def change_to(subscription: Subscription, quantity: int) -> Outcome:
    subscription = read(subscription)
    return save(
        subscription, preview_quantity(subscription=subscription, quantity=quantity)
    )


def test_more_are_charged_as_shown_and_there_at_once(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 100)
    preview = preview_quantity(subscription=bought, quantity=15)

    assert save(bought, preview) == Outcome.DONE

    charged = invoices_at_stripe(stripe_client, bought)[0]
    assert preview.charge is not None
    assert (charged.status, charged.total) == ("paid", preview.charge.minor)
    assert read(bought).quantity == quantity_at_stripe(stripe_client, bought) == 15
    assert QuantityChange.objects.get().delta == 3


def test_a_second_save_of_the_same_preview_charges_nothing(
    bought: Subscription, stripe_client: Client
) -> None:
    preview = preview_quantity(subscription=bought, quantity=15)
    save(bought, preview)

    with pytest.raises(PreviewStale):
        save(bought, preview)

    assert len(invoices_at_stripe(stripe_client, bought)) == 2


def test_a_preview_for_another_number_or_subscription_is_worth_nothing(
    bought: Subscription,
) -> None:
    preview = preview_quantity(subscription=bought, quantity=15)

    for quantity, seal in ((16, preview.seal), (15, preview.seal[:-2]), (15, "x")):
        with pytest.raises(PreviewStale):
            save_quantity(subscription=bought, quantity=quantity, seal=seal)


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "500_after"])
def test_a_lost_answer_is_one_charge_in_the_end(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess, fault: str
) -> None:
    preview = preview_quantity(subscription=bought, quantity=15)
    sandbox.fault(fault, "POST", UPDATE, times=3)

    assert save(bought, preview) == Outcome.CHECKING
    assert read(bought).quantity == 12
    with pytest.raises(ChangeUnderWay):
        preview_quantity(subscription=read(bought), quantity=20)
    settle()

    assert read(bought).quantity == quantity_at_stripe(stripe_client, bought) == 15
    assert len(invoices_at_stripe(stripe_client, bought)) == 2


def test_a_declined_card_leaves_everything_as_it_was(
    bought: Subscription, stripe_client: Client
) -> None:
    pay_with(stripe_client, bought, "pm_card_chargeCustomerFail")

    with pytest.raises(gateway.PaymentDeclined):
        change_to(bought, 15)

    found = at_stripe(stripe_client, bought)
    assert (read(bought).quantity, quantity_at_stripe(stripe_client, bought)) == (
        12,
        12,
    )
    assert found.pending_update is None
    assert invoices_at_stripe(stripe_client, bought)[0].status == "void"


def test_a_bank_that_asks_keeps_the_old_number_until_it_has_its_answer(
    bought: Subscription, stripe_client: Client
) -> None:
    pay_with(stripe_client, bought, "pm_card_authenticationRequired")

    assert change_to(bought, 15) == Outcome.WAITING

    waiting = read(bought)
    assert (waiting.quantity, waiting.pending_quantity) == (12, 15)
    with pytest.raises(CannotChange, match="wait until you have confirmed"):
        preview_quantity(subscription=waiting, quantity=20)


def test_a_confirmed_payment_brings_the_licenses_once(
    bought: Subscription, stripe_client: Client
) -> None:
    good = bought.payment_method.stripe_payment_method_id
    pay_with(stripe_client, bought, "pm_card_authenticationRequired")
    change_to(bought, 15)
    latest = invoices_at_stripe(stripe_client, bought)[0]
    stripe_client.v1.invoices.pay(str(latest.id), {"payment_method": good})

    for _webhook in range(2):
        found = catch_up(bought)

    assert (found.quantity, found.pending_quantity) == (15, None)
    assert [change.reason for change in QuantityChange.objects.all()] == ["added"]


def test_a_payment_that_nobody_confirms_lapses(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pay_with(stripe_client, bought, "pm_card_authenticationRequired")
    change_to(bought, 15)

    pass_time(sandbox, DAY)

    assert catch_up(bought).pending_quantity is None
    assert read(bought).quantity == 12


def test_fewer_inside_the_window_go_back_to_the_card_as_shown(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 6)
    preview = preview_quantity(subscription=bought, quantity=5)
    assert preview.when == When.NOW
    assert preview.refund is not None

    assert save(bought, preview) == Outcome.DONE
    settle()

    assert read(bought).quantity == quantity_at_stripe(stripe_client, bought) == 5
    assert given_back(stripe_client, bought) == preview.refund.minor > 0


def test_stripes_own_cents_are_shown_before_they_go_back(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY / 86400)
    preview = preview_quantity(subscription=bought, quantity=11)

    save(bought, preview)
    settle()

    # Of 590.40 and 541.20, a second of the year less, Stripe takes the floor each.
    assert preview.subtotal == Money(-4921, "EUR")
    assert preview.refund
    assert given_back(stripe_client, bought) == preview.refund.minor == 5954


@pytest.mark.parametrize("path", [UPDATE, "/v1/credit_notes"])
@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_money_goes_back_once_whatever_gets_lost(
    bought: Subscription,
    stripe_client: Client,
    sandbox: SandboxProcess,
    path: str,
    fault: str,
) -> None:
    preview = preview_quantity(subscription=bought, quantity=5)
    sandbox.fault(fault, "POST", path, times=3)

    save(bought, preview)
    for _again in range(3):
        settle()

    assert preview.refund is not None
    assert given_back(stripe_client, bought) == preview.refund.minor
    assert read(bought).quantity == quantity_at_stripe(stripe_client, bought) == 5


def test_licenses_shrink_here_before_stripe_is_told(
    bought: Subscription, sandbox: SandboxProcess
) -> None:
    preview = preview_quantity(subscription=bought, quantity=5)
    sandbox.fault("drop_before", "POST", UPDATE, times=3)

    assert save(bought, preview) == Outcome.CHECKING

    assert catch_up(bought).quantity == 5


def test_what_stripe_refuses_is_taken_back(
    bought: Subscription, stripe_client: Client
) -> None:
    preview = preview_quantity(subscription=bought, quantity=5)
    Subscription.objects.update(stripe_item_id="si_gone")

    with pytest.raises((gateway.GatewayRejected, PreviewStale)):
        save(bought, preview)

    assert read(bought).quantity == 12


def test_after_the_window_fewer_wait_for_the_renewal(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 8)
    preview = preview_quantity(subscription=bought, quantity=5)
    assert (preview.when, preview.refund) == (When.RENEWAL, None)

    assert save(bought, preview) == Outcome.DONE

    found = read(bought)
    assert (found.quantity, found.scheduled_quantity, found.available) == (12, 5, 4)
    assert ScheduledChange.objects.get().takes_effect_at == found.term_end
    with pytest.raises(CannotChange, match="Undo that change"):
        preview_quantity(subscription=found, quantity=20)


def test_the_renewal_brings_the_smaller_number_and_charges_that(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 8)
    change_to(bought, 5)

    pass_time(sandbox, DAY * 358)

    renewed = catch_up(bought)
    assert (renewed.quantity, renewed.scheduled_quantity) == (5, None)
    assert not ScheduledChange.objects.exists()
    latest = invoices_at_stripe(stripe_client, bought)[0]
    assert latest.subtotal == 5 * 4920
    assert QuantityChange.objects.get().reason == "renewal"


def test_an_undone_change_leaves_everything_as_it_was(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 8)
    change_to(bought, 5)

    assert undo_scheduled_change(subscription=read(bought)) == Outcome.DONE
    pass_time(sandbox, DAY * 358)

    renewed = catch_up(bought)
    assert (renewed.quantity, renewed.scheduled_quantity) == (12, None)
    assert at_stripe(stripe_client, bought).schedule is None


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_a_schedule_whose_answer_is_lost_is_there_once(
    bought: Subscription, stripe_client: Client, sandbox: SandboxProcess, fault: str
) -> None:
    pass_time(sandbox, DAY * 8)
    sandbox.fault(fault, "POST", "/v1/subscription_schedules", times=3)

    assert change_to(bought, 5) == Outcome.CHECKING
    settle()

    change = ScheduledChange.objects.get()
    assert at_stripe(stripe_client, bought).schedule == change.stripe_schedule_id != ""
    assert (
        StripeOperation.objects.get(kind="subscription.schedule").state == "succeeded"
    )


def test_what_was_added_lately_can_go_back_and_no_more(
    bought: Subscription, sandbox: SandboxProcess
) -> None:
    pass_time(sandbox, DAY * 30)
    change_to(bought, 15)
    pass_time(sandbox, DAY * 2)

    assert preview_quantity(subscription=read(bought), quantity=12).when == When.NOW
    assert preview_quantity(subscription=read(bought), quantity=11).when == When.RENEWAL


@pytest.mark.parametrize(
    ("quantity", "words"),
    [(0, "cancel the subscription"), (12, "already"), (-3, "at least one")],
)
def test_numbers_that_cannot_be_are_refused_with_the_reason(
    bought: Subscription, quantity: int, words: str
) -> None:
    with pytest.raises(CannotChange, match=words):
        preview_quantity(subscription=bought, quantity=quantity)


def test_never_fewer_than_are_assigned(bought: Subscription) -> None:
    Subscription.objects.update(assigned=9)
    preview = preview_quantity(subscription=read(bought), quantity=5)

    with pytest.raises(CannotChange, match="unassign 4 licenses"):
        save(bought, preview)

    assert read(bought).quantity == 12
    assert not StripeOperation.objects.filter(kind="subscription.fewer").exists()
