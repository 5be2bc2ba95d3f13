"""Placing an order, against the sandbox and everything that may go wrong."""

from __future__ import annotations

import datetime as dt

import pytest
import requests
import stripe
from django.db import transaction
from django.utils import timezone

from billing import gateway
from billing.gateway.client import CallInsideTransaction
from billing.models import BillingProfile, Invoice, PaymentMethod, StripeOperation
from billing.queries import cards_of
from billing.services import operations
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.core import clock
from selfservice.core.money import Money
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.operations import BUY
from selfservice.subscriptions.services import buying, contract
from selfservice.subscriptions.services.buying import Order, place_order
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import StripeAccount, enter_card

CREATE = "/v1/subscriptions"
# What the client tries by itself before it gives up.
TRIES = 3

type Client = stripe.StripeClient


def at_stripe(client: Client, profile: BillingProfile) -> list[stripe.Subscription]:
    found = client.v1.subscriptions.list(
        {"customer": profile.stripe_customer_id, "status": "all"}
    )
    return list(found.data)


def let_leases_end() -> None:
    StripeOperation.objects.update(leased_until=timezone.now() - dt.timedelta(hours=1))


def read(subscription: Subscription) -> Subscription:
    return Subscription.objects.get(pk=subscription.pk)


def test_an_order_becomes_a_paid_subscription(
    order: Order, visa: PaymentMethod, anna: User
) -> None:
    bought = place_order(order=order, card=visa, buyer=anna)

    assert bought.order_state == OrderState.CONFIRMED
    assert bought.quantity == 12
    assert bought.term_end is not None
    assert bought.bought_at is not None
    assert bought.term_end.year == bought.bought_at.year + 1


def test_what_was_shown_is_what_is_charged(
    order: Order, visa: PaymentMethod, anna: User
) -> None:
    bought = place_order(order=order, card=visa, buyer=anna)

    invoice = Invoice.objects.get(subscription_id=bought.pk)
    assert invoice.total == order.total
    assert (invoice.subtotal_minor, invoice.tax_minor) == (59040, 12398)
    assert invoice.status == "paid"
    assert invoice.po_number == "PRJ-2026-118"


def test_the_buyer_gets_a_license(
    order: Order, visa: PaymentMethod, anna: User
) -> None:
    bought = place_order(order=order, card=visa, buyer=anna)

    assert read(bought).assigned == 1


def test_the_same_order_twice_is_one_purchase(
    order: Order, visa: PaymentMethod, anna: User, stripe_client: Client
) -> None:
    first = place_order(order=order, card=visa, buyer=anna)
    second = place_order(order=order, card=visa, buyer=anna)

    assert first.pk == second.pk
    assert len(at_stripe(stripe_client, order.profile)) == 1


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "500_after"])
def test_a_lost_answer_is_settled_by_the_worker(
    order: Order,
    visa: PaymentMethod,
    anna: User,
    sandbox: SandboxProcess,
    stripe_client: Client,
    fault: str,
) -> None:
    sandbox.fault(fault, "POST", CREATE, times=TRIES)
    bought = place_order(order=order, card=visa, buyer=anna)
    assert bought.order_state == OrderState.PROCESSING

    let_leases_end()
    operations.sweep()

    assert read(bought).order_state == OrderState.CONFIRMED
    assert len(at_stripe(stripe_client, order.profile)) == 1


def test_a_lost_answer_is_repaired_within_the_request(
    order: Order, visa: PaymentMethod, anna: User, sandbox: SandboxProcess
) -> None:
    sandbox.fault("drop_after", "POST", CREATE, times=TRIES - 1)

    bought = place_order(order=order, card=visa, buyer=anna)

    assert bought.order_state == OrderState.CONFIRMED
    keys = {call["key"] for call in sandbox.calls("POST", CREATE)}
    assert len(keys) == 1


def test_a_process_that_died_before_the_call_is_finished(
    order: Order, visa: PaymentMethod, anna: User
) -> None:
    buying._begin(order, visa, anna)

    let_leases_end()
    operations.sweep()

    placed = buying.find_order(buyer=anna, key=order.key)
    assert placed is not None
    assert placed.order_state == OrderState.CONFIRMED


def test_a_process_that_died_after_stripe_said_yes_buys_once(
    order: Order, visa: PaymentMethod, anna: User, stripe_client: Client
) -> None:
    operation = buying._begin(order, visa, anna)
    assert operation is not None
    BUY.call(operation)

    let_leases_end()
    operations.sweep()

    placed = buying.find_order(buyer=anna, key=order.key)
    assert placed is not None
    assert placed.order_state == OrderState.CONFIRMED
    assert len(at_stripe(stripe_client, order.profile)) == 1


def test_an_operation_older_than_its_key_is_proven_not_repeated(
    order: Order, visa: PaymentMethod, anna: User, sandbox: SandboxProcess
) -> None:
    operation = buying._begin(order, visa, anna)
    assert operation is not None
    BUY.call(operation)
    StripeOperation.objects.update(created_at=timezone.now() - dt.timedelta(days=2))
    sent = len(sandbox.calls("POST", CREATE))

    let_leases_end()
    operations.sweep()

    placed = buying.find_order(buyer=anna, key=order.key)
    assert placed is not None
    assert placed.order_state == OrderState.CONFIRMED
    assert len(sandbox.calls("POST", CREATE)) == sent


def test_a_declined_charge_leaves_nothing_to_pay(
    order: Order, profile: BillingProfile, anna: User, stripe_client: Client
) -> None:
    card = enter_card(stripe_client, profile, "pm_card_chargeCustomerFail")

    declined = place_order(order=order, card=card, buyer=anna)

    assert declined.order_state == OrderState.DECLINED
    assert declined.decline == gateway.decline_sentence("generic_decline")
    (found,) = at_stripe(stripe_client, profile)
    assert found.status in {"incomplete_expired", "canceled"}
    invoice = stripe_client.v1.invoices.retrieve(str(found.latest_invoice))
    assert invoice.status == "void"


def test_a_declined_order_can_be_placed_with_another_card(
    order: Order,
    visa: PaymentMethod,
    profile: BillingProfile,
    anna: User,
    stripe_client: Client,
) -> None:
    bad = enter_card(stripe_client, profile, "pm_card_chargeCustomerFail")
    place_order(order=order, card=bad, buyer=anna)

    again = place_order(order=order, card=visa, buyer=anna)

    assert again.order_state == OrderState.CONFIRMED
    assert again.attempt == 2
    active = [s for s in at_stripe(stripe_client, profile) if s.status == "active"]
    assert len(active) == 1


def test_what_stripe_says_of_an_earlier_attempt_changes_nothing(
    order: Order,
    visa: PaymentMethod,
    profile: BillingProfile,
    anna: User,
    stripe_client: Client,
) -> None:
    bad = enter_card(stripe_client, profile, "pm_card_chargeCustomerFail")
    first = place_order(order=order, card=bad, buyer=anna).stripe_subscription_id
    bought = place_order(order=order, card=visa, buyer=anna)

    contract.sync_subscription(first)

    assert read(bought).order_state == OrderState.CONFIRMED
    assert read(bought).stripe_subscription_id != first


def pending_order(
    order: Order, profile: BillingProfile, anna: User, client: Client
) -> Subscription:
    card = enter_card(client, profile, "pm_card_authenticationRequired")
    return place_order(order=order, card=card, buyer=anna)


def confirm_at_the_bank(subscription: Subscription) -> None:
    found = gateway.read_subscription(subscription.stripe_subscription_id)
    page = gateway.hosted_invoice_url(found.latest_invoice_id)
    requests.post(page, data={"outcome": "ok"}, timeout=30)


def test_a_bank_that_wants_to_be_asked_makes_the_order_wait(
    order: Order, profile: BillingProfile, anna: User, stripe_client: Client
) -> None:
    waiting = pending_order(order, profile, anna, stripe_client)
    assert waiting.order_state == OrderState.PENDING
    assert waiting.assigned == 0

    confirm_at_the_bank(waiting)
    contract.sync_subscription(waiting.stripe_subscription_id)

    assert read(waiting).order_state == OrderState.CONFIRMED
    assert read(waiting).assigned == 1


def test_a_dropped_order_can_never_be_charged(
    order: Order, profile: BillingProfile, anna: User, stripe_client: Client
) -> None:
    waiting = pending_order(order, profile, anna, stripe_client)

    dropped = buying.drop_order(subscription=waiting)

    assert dropped.order_state == OrderState.DROPPED
    confirm_at_the_bank(waiting)
    (found,) = at_stripe(stripe_client, profile)
    assert found.status != "active"
    invoice = stripe_client.v1.invoices.retrieve(str(found.latest_invoice))
    assert invoice.amount_paid == 0


def test_a_payment_that_comes_while_dropping_wins(
    order: Order, profile: BillingProfile, anna: User, stripe_client: Client
) -> None:
    waiting = pending_order(order, profile, anna, stripe_client)
    confirm_at_the_bank(waiting)

    kept = buying.drop_order(subscription=waiting)

    assert kept.order_state == OrderState.CONFIRMED


def test_an_event_may_be_faster_than_the_answer(
    order: Order, visa: PaymentMethod, anna: User, stripe_client: Client
) -> None:
    operation = buying._begin(order, visa, anna)
    assert operation is not None
    answer = BUY.call(operation)

    contract.sync_subscription(answer.found.id)
    operations.run(operation, BUY)

    placed = buying.find_order(buyer=anna, key=order.key)
    assert placed is not None
    assert placed.order_state == OrderState.CONFIRMED
    assert placed.assigned == 1


def test_another_amount_than_the_shown_one_is_never_charged(
    order: Order, visa: PaymentMethod, anna: User, sandbox: SandboxProcess
) -> None:
    stale = Order(
        key=order.key,
        offer=order.offer,
        quantity=12,
        profile=order.profile,
        total=Money(70000, "EUR"),
        assign_to_me=True,
    )

    with pytest.raises(buying.PriceChanged, match="€714"):
        place_order(order=stale, card=visa, buyer=anna)

    assert sandbox.calls("POST", CREATE) == []


def test_a_guest_cannot_buy(order: Order, visa: PaymentMethod, anna: User) -> None:
    anna.is_guest = True

    with pytest.raises(buying.CannotBuy, match="Guests can't buy"):
        place_order(order=order, card=visa, buyer=anna)


def test_what_is_no_longer_sold_cannot_be_bought(
    order: Order, visa: PaymentMethod, anna: User
) -> None:
    order.offer.plan.product.ends_sale_at = clock.now()

    with pytest.raises(buying.CannotBuy, match="no longer sold"):
        place_order(order=order, card=visa, buyer=anna)


def test_no_more_than_the_cap_can_be_bought(
    order: Order, visa: PaymentMethod, anna: User
) -> None:
    order.offer.plan.product.license_cap = 11

    with pytest.raises(buying.CannotBuy, match="at most 11 licenses"):
        place_order(order=order, card=visa, buyer=anna)


def test_a_buyer_without_usage_location_is_told_before(
    order: Order, visa: PaymentMethod, anna: User
) -> None:
    anna.usage_location = ""

    with pytest.raises(buying.CannotBuy, match="usage location"):
        place_order(order=order, card=visa, buyer=anna)


def test_an_expired_card_is_refused_with_its_month(
    order: Order, visa: PaymentMethod, anna: User
) -> None:
    visa.exp_year = 2020

    with pytest.raises(buying.CannotBuy, match="expired in 12/2020"):
        place_order(order=order, card=visa, buyer=anna)


@pytest.mark.django_db(transaction=True)
def test_no_call_is_made_inside_a_transaction(stripe_account: StripeAccount) -> None:
    with transaction.atomic(), pytest.raises(CallInsideTransaction):
        gateway.read_subscription("sub_any")


def test_a_card_entered_twice_stands_once(
    profile: BillingProfile, stripe_client: Client
) -> None:
    enter_card(stripe_client, profile)
    newest = enter_card(stripe_client, profile)

    assert cards_of(profile) == [newest]


def test_a_late_second_try_does_not_take_an_old_answer_for_the_present(
    order: Order,
    visa: PaymentMethod,
    anna: User,
    sandbox: SandboxProcess,
    stripe_client: Client,
) -> None:
    asks = enter_card(stripe_client, order.profile, "pm_card_authenticationRequired")
    sandbox.fault("drop_after", "POST", CREATE, times=TRIES)
    bought = place_order(order=order, card=asks, buyer=anna)
    [made] = at_stripe(stripe_client, order.profile)
    good = visa.stripe_payment_method_id
    stripe_client.v1.invoices.pay(str(made.latest_invoice), {"payment_method": good})

    let_leases_end()
    operations.sweep()

    found = read(bought)
    assert (found.order_state, found.stripe_status) == ("confirmed", "active")
    assert not Activity.objects.filter(verb="order_declined").exists()
