"""Test cards, the only ones that are taken.

Numbers and behaviour: https://docs.stripe.com/testing
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib

from billing.sandbox.wire import ApiError, Obj


@dataclasses.dataclass(frozen=True, slots=True)
class TestCard:
    """How a card behaves: when it is entered, and when it is charged."""

    number: str
    brand: str = "visa"
    # A decline code when it is entered; a decline code when it is charged.
    entering: str = ""
    charging: str = ""
    # "" never, "setup" once when it is entered, "always" at every payment too.
    challenge: str = ""


CARDS = {
    card.number: card
    for card in (
        TestCard("4242424242424242"),
        TestCard("4000056655665556"),
        TestCard("5555555555554444", "mastercard"),
        TestCard("378282246310005", "amex"),
        TestCard("4000000000000002", entering="generic_decline"),
        TestCard("4000000000009995", entering="insufficient_funds"),
        TestCard("4000000000009987", entering="lost_card"),
        TestCard("4000000000009979", entering="stolen_card"),
        TestCard("4000000000000069", entering="expired_card"),
        TestCard("4000000000000127", entering="incorrect_cvc"),
        TestCard("4000000000000119", entering="processing_error"),
        TestCard("4000000000000341", charging="generic_decline"),
        TestCard("4000002500003155", challenge="setup"),
        TestCard("4000002760003184", challenge="always"),
    )
}
# Ids that stand for a card where a test has no browser.
NAMED = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequired": "4000002760003184",
}
# For so many years they are good from then on.
NAMED_LAST = 8
# These decline codes are error codes of their own at Stripe.
OWN_CODES = {"expired_card", "incorrect_cvc", "processing_error"}
SENTENCES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again.",
}


def test_card(number: str) -> TestCard:
    """The card with this number. Raises ApiError for one that isn't a test card."""
    digits = "".join(c for c in number if c.isdigit())
    if len(digits) < 13:
        raise card_error("incomplete_number", "Your card number is incomplete.")
    if digits not in CARDS:
        raise card_error(
            "incorrect_number",
            "This is the demo: only Stripe's test cards work here, such as"
            " 4242 4242 4242 4242. Never enter a real card.",
        )
    return CARDS[digits]


def check_expiry(month: int, year: int, now: int) -> None:
    """Raises ApiError for a month that is over at `now`, or that doesn't exist."""
    if not 1 <= month <= 12:
        raise card_error(
            "invalid_expiry_month", "Your card's month is invalid.", "exp_month"
        )
    today = dt.datetime.fromtimestamp(now, dt.UTC)
    if (year, month) < (today.year, today.month):
        raise card_error(
            "expired_card", "Your card's expiration date is in the past.", "exp_month"
        )
    if year > today.year + 50:
        raise card_error(
            "invalid_expiry_year", "Your card's year is invalid.", "exp_year"
        )


def fingerprint(number: str) -> str:
    """The same for the same number, whoever enters it."""
    return hashlib.sha256(f"sandbox:{number}".encode()).hexdigest()[:16]


def declined(code: str, more: Obj | None = None) -> ApiError:
    """The 402 of a bank that says no, with `code` as its reason."""
    return ApiError(
        SENTENCES.get(code, "Your card was declined."),
        code if code in OWN_CODES else "card_declined",
        {"expired_card": "exp_month", "incorrect_cvc": "cvc"}.get(code, ""),
        status=402,
        kind="card_error",
        decline_code=code,
        more=more,
    )


def card_error(code: str, message: str, param: str = "number") -> ApiError:
    """The 402 for a card that was typed wrongly; no bank was asked."""
    return ApiError(message, code, param, status=402, kind="card_error")
