"""Cards that two people, or two tabs, change at the same moment."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from billing.models import PaymentMethod, StripeOperation
from billing.services.card_changes import (
    CannotChangeCard,
    delete_card,
    replace_card,
)
from billing.wallet import Entry, entry_of, find_card
from selfservice.accounts.models import User
from selfservice.core.errors import DomainError
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.paying_card import (
    replace_card as replace_one,
)
from tests.concurrency.racing import failures, race
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *
from tests.subscriptions.changing import at_stripe, read, settle
from tests.subscriptions.paying import *

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox_only]


def entry(owner: User, card: PaymentMethod) -> Entry:
    found = find_card(owner, card.pk)
    assert found
    return entry_of(found, card.pk)


def check_paid(client: stripe.StripeClient, bought: Subscription) -> None:
    """Whoever was first: a card that is there pays, here and at Stripe."""
    settle()
    row = read(bought)
    assert row.card.can_pay
    assert at_stripe(client, row).default_payment_method == (
        row.card.stripe_payment_method_id
    )
    found = client.v1.payment_methods.retrieve(row.card.stripe_payment_method_id)
    assert found.customer
    gone = PaymentMethod.objects.exclude(detached_at=None)
    for card in gone:
        stripes = client.v1.payment_methods.retrieve(card.stripe_payment_method_id)
        assert stripes.customer is None


def check_sentences(said: list[Any]) -> None:
    assert all(isinstance(error, DomainError) for error in failures(said)), said


def test_replaced_by_a_card_that_is_deleted_at_the_same_moment(
    bought: Subscription,
    visa: PaymentMethod,
    mastercard: PaymentMethod,
    anna: User,
    stripe_client: stripe.StripeClient,
) -> None:
    pays, other = entry(anna, visa), entry(anna, mastercard)

    said = race(
        [
            lambda: replace_card(entry=pays, card=mastercard),
            lambda: delete_card(entry=other, card=None),
            lambda: replace_one(subscription=read(bought), card=mastercard),
        ]
    )

    check_sentences(said)
    check_paid(stripe_client, bought)


def test_deleted_by_two_it_is_deleted_once(
    visa: PaymentMethod, mastercard: PaymentMethod, anna: User
) -> None:
    other = entry(anna, mastercard)

    said = race([lambda: delete_card(entry=other, card=None)] * 3)

    assert len(failures(said)) == 2
    assert all(isinstance(error, CannotChangeCard) for error in failures(said))
    assert StripeOperation.objects.filter(kind="card.detach").count() == 1


def test_each_replaced_by_the_other_nothing_hangs(
    bought: Subscription,
    visa: PaymentMethod,
    mastercard: PaymentMethod,
    anna: User,
    stripe_client: stripe.StripeClient,
) -> None:
    pays, other = entry(anna, visa), entry(anna, mastercard)

    said = race(
        [
            lambda: delete_card(entry=pays, card=mastercard),
            lambda: delete_card(entry=other, card=visa),
        ]
    )

    check_sentences(said)
    assert len(failures(said)) == 1
    check_paid(stripe_client, bought)
