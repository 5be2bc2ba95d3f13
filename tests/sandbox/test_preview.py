"""What a preview says is what is charged, in every currency and country."""

from __future__ import annotations

import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.sandbox.amounts import amount, figure
from billing.sandbox.tax import STANDARD_RATES
from tests.sandbox.shop import Shop

LARGEST = 99_999_999


def preview(
    shop: Shop, customer_id: str, price_id: str, quantity: int
) -> stripe.Invoice:
    return shop.v1.invoices.create_preview(
        {
            "customer": customer_id,
            "automatic_tax": {"enabled": True},
            "subscription_details": {
                "items": [{"price": price_id, "quantity": quantity}]
            },
        }
    )


# The sandbox may keep what earlier examples made.
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    quantity=st.integers(1, 5000),
    unit=st.integers(1, LARGEST // 5000),
    country=st.sampled_from([*sorted(STANDARD_RATES), "US", "GB"]),
    currency=st.sampled_from(["eur", "jpy", "kwd"]),
)
def test_the_preview_is_what_is_charged(
    shop: Shop, quantity: int, unit: int, country: str, currency: str
) -> None:
    customer = shop.customer(country, card="pm_card_visa")
    price_id = shop.price(unit, currency)

    said = preview(shop, customer.id, price_id, quantity)
    charged = shop.invoice_of(shop.subscribe(customer.id, price_id, quantity))

    for name in ("currency", "subtotal", "total", "total_excluding_tax", "amount_due"):
        assert getattr(said, name) == getattr(charged, name), name
    assert charged.amount_paid == charged.total == said.total
    assert said.subtotal == unit * quantity
    assert said.lines.data[0].description == charged.lines.data[0].description


def test_a_preview_leaves_nothing_behind(shop: Shop) -> None:
    customer, price_id = shop.customer(), shop.price()
    before = len(shop.events())

    preview(shop, customer.id, price_id, 2)

    assert shop.v1.invoices.list().data == []
    assert len(shop.events()) == before


def test_a_price_that_was_retired_is_not_sold(shop: Shop) -> None:
    customer, price_id = shop.customer(), shop.price()
    shop.v1.prices.update(price_id, {"active": False})

    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        preview(shop, customer.id, price_id, 2)


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (123456, "eur", "EUR 1,234.56"),
        (5, "eur", "EUR 0.05"),
        (-250, "eur", "EUR -2.50"),
        (123456, "jpy", "JPY 123,456"),
        (123456, "kwd", "KWD 123.456"),
    ],
)
def test_amounts_are_written_with_their_currencys_decimals(
    minor: int, currency: str, words: str
) -> None:
    assert amount(minor, currency) == words


@given(minor=st.integers(-(10**15), 10**15), currency=st.sampled_from(["eur", "kwd"]))
def test_no_digit_of_an_amount_is_lost(minor: int, currency: str) -> None:
    digits = figure(minor, currency).replace(",", "").replace(".", "")

    assert int(digits) == minor


def test_a_line_names_its_price_in_its_own_currency(shop: Shop) -> None:
    customer = shop.customer()
    said = preview(shop, customer.id, shop.price(4920, "jpy"), 2)

    assert said.lines.data[0].description == "2 × Diagrams Pro (at JPY 4,920 / year)"
