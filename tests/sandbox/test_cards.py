"""Test cards: entering, charging, 3-D Secure, and cards that are none."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from billing.sandbox.cards import CARDS
from tests.sandbox.shop import Shop

WORKS = ["4242424242424242", "4000056655665556", "5555555555554444", "378282246310005"]


def enter(shop: Shop, number: str, **other: Any) -> tuple[stripe.SetupIntent, Any]:
    """Type a card into the element's frame; the intent after it, and the answer."""
    customer = shop.customer()
    intent = shop.v1.setup_intents.create({"customer": customer.id})
    fields = {"exp_month": "12", "exp_year": "2034", "cvc": "123"} | other
    answer = shop.post(
        "/elements/confirm",
        client_secret=str(intent.client_secret),
        number=number,
        **fields,
    )
    found = shop.v1.setup_intents.retrieve(intent.id, {"expand": ["payment_method"]})
    return found, answer.json()


def buy(shop: Shop, intent: stripe.SetupIntent) -> stripe.Subscription:
    return shop.subscribe(
        str(intent.customer),
        shop.price(),
        default_payment_method=intent.payment_method.id,
    )


@pytest.mark.parametrize("number", WORKS)
def test_a_good_card_is_kept_and_charged(shop: Shop, number: str) -> None:
    intent, _ = enter(shop, number)

    card = intent.payment_method.card
    assert intent.status == "succeeded"
    assert intent.payment_method.customer == intent.customer
    assert (card.last4, card.brand) == (number[-4:], CARDS[number].brand)
    assert buy(shop, intent).status == "active"


@pytest.mark.parametrize(
    ("number", "code", "decline_code"),
    [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000009987", "card_declined", "lost_card"),
        ("4000000000009979", "card_declined", "stolen_card"),
        ("4000000000000069", "expired_card", "expired_card"),
        ("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
        ("4000000000000119", "processing_error", "processing_error"),
    ],
)
def test_a_bad_card_is_refused_when_entered(
    shop: Shop, number: str, code: str, decline_code: str
) -> None:
    intent, answer = enter(shop, number)

    assert answer["error"]["type"] == "card_error"
    assert answer["error"]["code"] == code
    assert answer["error"]["decline_code"] == decline_code
    assert answer["error"]["setup_intent"]["id"] == intent.id
    assert intent.status == "requires_payment_method"
    assert intent.last_setup_error is not None
    assert intent.last_setup_error.decline_code == decline_code
    assert shop.v1.payment_methods.list({"customer": str(intent.customer)}).data == []


def test_a_card_can_be_good_to_enter_and_bad_to_charge(shop: Shop) -> None:
    intent, _ = enter(shop, "4000000000000341")
    assert intent.status == "succeeded"

    assert buy(shop, intent).status == "incomplete"


def test_a_second_card_after_a_decline_finishes_the_same_intent(shop: Shop) -> None:
    intent, _ = enter(shop, "4000000000000002")

    again = shop.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    assert again.status == "succeeded"
    assert again.last_setup_error is None


def test_the_bank_may_ask_once_and_is_content_afterwards(shop: Shop) -> None:
    intent, answer = enter(shop, "4000002500003155")
    assert answer["status"] == "requires_action"
    assert answer["next_action"]["type"] == "use_stripe_sdk"

    answer = shop.bank(str(intent.client_secret))

    assert answer["status"] == "succeeded"
    intent = shop.v1.setup_intents.retrieve(intent.id, {"expand": ["payment_method"]})
    assert buy(shop, intent).status == "active"


def test_the_bank_may_ask_at_every_payment(shop: Shop) -> None:
    intent, _ = enter(shop, "4000002760003184")
    shop.bank(str(intent.client_secret))
    intent = shop.v1.setup_intents.retrieve(intent.id, {"expand": ["payment_method"]})

    assert buy(shop, intent).status == "incomplete"


def test_a_card_that_was_never_shown_to_the_bank_is_asked_for(shop: Shop) -> None:
    customer = shop.customer()
    intent = shop.v1.setup_intents.create({"customer": customer.id})
    shop.post(
        "/elements/confirm",
        client_secret=str(intent.client_secret),
        number="4000002500003155",
        exp_month="12",
        exp_year="34",
        cvc="123",
    )
    card = shop.v1.setup_intents.retrieve(intent.id).payment_method
    shop.v1.payment_methods.attach(str(card), {"customer": customer.id})

    bought = shop.subscribe(customer.id, shop.price(), default_payment_method=str(card))

    assert bought.status == "incomplete"


def test_a_failed_challenge_leaves_no_card(shop: Shop) -> None:
    intent, _ = enter(shop, "4000002500003155")

    answer = shop.bank(str(intent.client_secret), "failed")

    assert answer["error"]["code"] == "setup_intent_authentication_failure"
    intent = shop.v1.setup_intents.retrieve(intent.id)
    assert intent.status == "requires_payment_method"
    assert shop.v1.payment_methods.list({"customer": str(intent.customer)}).data == []


@pytest.mark.parametrize(
    ("number", "other", "code"),
    [
        # Well formed, and somebody's real card as far as anybody knows.
        ("4111111111111111", {}, "incorrect_number"),
        ("4242", {}, "incomplete_number"),
        ("4242424242424242", {"exp_month": "1", "exp_year": "2020"}, "expired_card"),
        ("4242424242424242", {"exp_month": "13"}, "invalid_expiry_month"),
        ("4242424242424242", {"exp_month": "ab"}, "invalid_expiry_month"),
        ("4242424242424242", {"exp_year": "2099"}, "invalid_expiry_year"),
        ("4242424242424242", {"cvc": "1"}, "incomplete_cvc"),
    ],
)
def test_what_is_no_test_card_is_refused(
    shop: Shop, number: str, other: dict[str, str], code: str
) -> None:
    intent, answer = enter(shop, number, **other)

    assert answer["error"]["code"] == code
    assert intent.status == "requires_payment_method"


def test_refusals_are_told_in_the_language_of_the_element(shop: Shop) -> None:
    _, answer = enter(shop, "4000000000009995", locale="nl")

    assert answer["error"]["message"] == "Er staat niet genoeg geld op uw kaart."


def test_no_card_number_is_in_any_answer(shop: Shop) -> None:
    intent, answer = enter(shop, "4242424242424242")
    events = [str(event) for event in shop.events()]

    assert "4242424242424242" not in str(intent) + str(answer) + "".join(events)


def test_the_same_card_has_one_fingerprint_everywhere(shop: Shop) -> None:
    first, second, other = (enter(shop, n)[0] for n in (*WORKS[:1] * 2, WORKS[1]))

    prints = [i.payment_method.card.fingerprint for i in (first, second, other)]
    assert first.payment_method.id != second.payment_method.id
    assert prints[0] == prints[1] != prints[2]


def test_detaching_is_final(shop: Shop) -> None:
    customer = shop.customer()
    card_id = shop.give_card(customer.id)
    shop.v1.payment_methods.detach(card_id)

    with pytest.raises(stripe.InvalidRequestError, match="attached"):
        shop.v1.payment_methods.attach(card_id, {"customer": customer.id})


def test_a_card_belongs_to_one_customer(shop: Shop) -> None:
    card_id = shop.give_card(shop.customer().id)

    with pytest.raises(stripe.InvalidRequestError, match="attached"):
        shop.v1.payment_methods.attach(card_id, {"customer": shop.customer().id})
    with pytest.raises(stripe.InvalidRequestError, match="payment method"):
        shop.subscribe(shop.customer().id, shop.price(), default_payment_method=card_id)


def test_a_finished_intent_cannot_be_confirmed_or_canceled(shop: Shop) -> None:
    intent, _ = enter(shop, "4242424242424242")

    with pytest.raises(stripe.InvalidRequestError, match="succeeded"):
        shop.v1.setup_intents.cancel(intent.id)
    with pytest.raises(stripe.InvalidRequestError, match="succeeded"):
        shop.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})


def test_a_wrong_secret_opens_nothing(shop: Shop) -> None:
    intent = shop.v1.setup_intents.create({})

    answer = shop.post(
        "/elements/confirm", client_secret=f"{intent.id}_secret_guess", number="42"
    )

    assert answer.status_code == 404
