"""Somebody is disabled, or a card deleted, in the second in which a price is asked."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import stripe

from billing.models import BillingProfile, PaymentMethod
from billing.services import customers
from billing.services.card_changes import delete_card
from billing.services.invoices import sync_invoice
from billing.services.payers import PayerGone
from billing.services.paying import pay_invoice
from billing.wallet import Entry, entry_of, find_card
from selfservice.accounts.models import User
from selfservice.accounts.services.signing_in import disable_person
from selfservice.catalog.queries import Offer
from selfservice.core.errors import DomainError
from selfservice.core.money import Money
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services import buying
from selfservice.subscriptions.services.buying import Order, place_order
from selfservice.subscriptions.services.ending import set_recurring
from selfservice.subscriptions.services.quantity import (
    preview_quantity,
    save_quantity,
)
from selfservice.subscriptions.services.reactivating import (
    preview_reactivation,
    reactivate,
)
from selfservice.subscriptions.services.trials import convert, preview_conversion
from tests.concurrency.racing import meanwhile
from tests.reliability.queueing import queue_for
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *
from tests.subscriptions.changing import invoices_at_stripe, read, settle
from tests.subscriptions.paying import *
from tests.subscriptions.reactivating import Pane, cancel_at_once
from tests.subscriptions.trying import *

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox_only]

type Press = Callable[[], Any]
type Door = Callable[[pytest.FixtureRequest, PaymentMethod], Press]


def order_of(offer: Offer, profile: BillingProfile, *, trial: bool = False) -> Order:
    return Order(
        key=uuid.uuid4(),
        offer=offer,
        quantity=12,
        profile=profile,
        total=Money(71438, "EUR"),
        assign_to_me=False,
        trial=trial,
    )


def buy(asked: pytest.FixtureRequest, card: PaymentMethod) -> Press:
    order = order_of(asked.getfixturevalue("diagrams"), card.profile)
    return partial(place_order, order=order, card=card, buyer=card.profile.purchaser)


def start_a_trial(asked: pytest.FixtureRequest, card: PaymentMethod) -> Press:
    offer = asked.getfixturevalue("trial_offer")
    order = order_of(offer, card.profile, trial=True)
    return partial(place_order, order=order, card=card, buyer=card.profile.purchaser)


def pay_early(asked: pytest.FixtureRequest, card: PaymentMethod) -> Press:
    trial = asked.getfixturevalue("trial")
    seal = preview_conversion(subscription=trial).seal
    return partial(convert, subscription=read(trial), seal=seal, card=card)


def start_again(asked: pytest.FixtureRequest, card: PaymentMethod) -> Press:
    bought = asked.getfixturevalue("bought")
    row = cancel_at_once(Pane(asked.getfixturevalue("client"), bought))
    seal = preview_reactivation(subscription=row).seal
    return partial(reactivate, subscription=read(row), seal=seal, card=card)


def pay_what_is_owed(asked: pytest.FixtureRequest, card: PaymentMethod) -> Press:
    unpaid = asked.getfixturevalue("unpaid")
    client = asked.getfixturevalue("stripe_client")
    owed = sync_invoice(str(invoices_at_stripe(client, unpaid)[0].id))
    assert owed
    return partial(pay_invoice, invoice=owed, card=card, attempt=0)


def buy_more(asked: pytest.FixtureRequest, card: PaymentMethod) -> Press:
    bought = asked.getfixturevalue("bought")
    seal = preview_quantity(subscription=bought, quantity=14).seal
    return partial(save_quantity, subscription=read(bought), quantity=14, seal=seal)


DOORS: list[Door] = [buy, start_a_trial, pay_early, start_again, pay_what_is_owed]


def at_stripe_now(
    client: stripe.StripeClient, profile: BillingProfile
) -> tuple[int, int]:
    """What was paid so far, and how many subscriptions run or are tried."""
    whose = {"customer": profile.stripe_customer_id, "limit": 100}
    paid = client.v1.invoices.list(whose).data
    running = client.v1.subscriptions.list(whose).data
    return sum(invoice.amount_paid for invoice in paid), len(running)


def while_the_price_is_asked(
    monkeypatch: pytest.MonkeyPatch, do: Callable[[], Any]
) -> None:
    """Every price is asked for right after this; the first one takes longer."""
    settled, done = customers.settle, list[Any]()

    def settle_slowly(profile: BillingProfile) -> None:
        settled(profile)
        if not done:
            done.append(meanwhile(do))
            assert not isinstance(done[0], Exception), done

    monkeypatch.setattr(customers, "settle", settle_slowly)


def entry(owner: User, card: PaymentMethod) -> Entry:
    found = find_card(owner, card.pk)
    assert found
    return entry_of(found, card.pk)


@pytest.mark.parametrize("door", [*DOORS, buy_more])
def test_who_is_disabled_meanwhile_pays_nothing(
    door: Door,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    mastercard: PaymentMethod,
    anna: User,
    stripe_client: stripe.StripeClient,
) -> None:
    press = door(request, mastercard)
    before = at_stripe_now(stripe_client, mastercard.profile)
    while_the_price_is_asked(monkeypatch, lambda: disable_person(person=anna))

    with pytest.raises(PayerGone, match="disabled meanwhile"):
        press()

    settle()
    assert at_stripe_now(stripe_client, mastercard.profile) == before


@pytest.mark.parametrize("door", DOORS)
def test_a_card_that_is_deleted_meanwhile_pays_nothing(
    door: Door,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    mastercard: PaymentMethod,
    anna: User,
    stripe_client: stripe.StripeClient,
) -> None:
    press = door(request, mastercard)
    before = at_stripe_now(stripe_client, mastercard.profile)
    other = entry(anna, mastercard)
    while_the_price_is_asked(monkeypatch, lambda: delete_card(entry=other, card=None))

    with pytest.raises(DomainError, match="can't pay for this billing profile"):
        press()

    settle()
    assert at_stripe_now(stripe_client, mastercard.profile) == before
    # No order that "was declined by the bank" is left behind.
    assert not Subscription.objects.filter(order_state=OrderState.DECLINED).exists()


@pytest.mark.parametrize("door", DOORS)
def test_whoever_disables_first_is_waited_for(
    door: Door,
    request: pytest.FixtureRequest,
    mastercard: PaymentMethod,
    anna: User,
    stripe_client: stripe.StripeClient,
) -> None:
    press = door(request, mastercard)
    before = at_stripe_now(stripe_client, mastercard.profile)

    (raised,) = queue_for(anna, [press], then=lambda: _block(anna))

    assert isinstance(raised, PayerGone)
    assert at_stripe_now(stripe_client, mastercard.profile) == before


def _block(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)


def test_without_the_lock_they_would_be_charged(
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    mastercard: PaymentMethod,
    anna: User,
) -> None:
    """The control: to look is not enough."""
    monkeypatch.setattr(
        buying, "locked_payer", lambda _organization, pk: User.objects.get(pk=pk)
    )
    press = buy(request, mastercard)

    assert queue_for(anna, [press], then=lambda: _block(anna)) == []

    assert Subscription.objects.get().order_state == OrderState.CONFIRMED


@pytest.mark.parametrize("on", [False, True])
def test_what_saves_money_is_done_for_who_was_disabled_meanwhile(
    bought: Subscription, anna: User, on: bool
) -> None:
    set_recurring(subscription=bought, on=not on)
    settle()

    raised = queue_for(
        anna,
        [lambda: set_recurring(subscription=read(bought), on=on)],
        then=lambda: _block(anna),
    )

    assert [type(error) for error in raised] == [PayerGone] * on
    assert read(bought).recurring_billing is False


def test_a_card_is_not_deleted_while_it_is_about_to_be_charged(
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    mastercard: PaymentMethod,
    anna: User,
) -> None:
    other, asked = entry(anna, mastercard), list[Any]()
    ask = buying._ask_stripe

    def ask_slowly(operation: Any) -> None:
        asked.append(meanwhile(lambda: delete_card(entry=other, card=None)))
        ask(operation)

    monkeypatch.setattr(buying, "_ask_stripe", ask_slowly)

    buy(request, mastercard)()

    assert isinstance(asked[0], DomainError)
    assert Subscription.objects.get().order_state == OrderState.CONFIRMED
