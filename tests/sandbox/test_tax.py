"""Value added tax: by country, and by a number that was verified."""

from __future__ import annotations

import pytest
import stripe

from billing.sandbox.vat_numbers import FORMS
from tests.sandbox.shop import EU_NUMBERS, Shop


def invoice_for(shop: Shop, customer: stripe.Customer) -> stripe.Invoice:
    """Three licenses of 49.20."""
    shop.give_card(customer.id)
    return shop.invoice_of(shop.subscribe(customer.id, shop.price(4920), 3))


def with_number(shop: Shop, country: str, value: str) -> stripe.Customer:
    return shop.customer(country, tax_id_data=[{"type": "eu_vat", "value": value}])


@pytest.mark.parametrize(
    ("country", "tax", "reason"),
    [
        ("NL", 3100, "standard_rated"),
        ("DE", 2804, "standard_rated"),
        ("FI", 3764, "standard_rated"),
        ("US", 0, "not_collecting"),
    ],
)
def test_tax_follows_the_country(
    shop: Shop, country: str, tax: int, reason: str
) -> None:
    invoice = invoice_for(shop, shop.customer(country))

    assert invoice.subtotal == 14760
    assert invoice.total == 14760 + tax
    assert invoice.amount_paid == invoice.total
    assert invoice.total_taxes is not None
    assert [t.taxability_reason for t in invoice.total_taxes] == [reason]
    assert sum(t.amount for t in invoice.lines.data[0].taxes or []) == tax


def test_a_verified_foreign_number_moves_the_tax_to_the_buyer(shop: Shop) -> None:
    invoice = invoice_for(shop, with_number(shop, "DE", EU_NUMBERS["DE"]))

    assert invoice.total == 14760
    assert invoice.total_taxes is not None
    assert invoice.total_taxes[0].taxability_reason == "reverse_charge"
    assert invoice.customer_tax_ids is not None
    assert invoice.customer_tax_ids[0].value == EU_NUMBERS["DE"]


@pytest.mark.parametrize(
    ("country", "number"),
    [
        # Of the seller's own country; not verified; verified some day.
        ("NL", EU_NUMBERS["NL"]),
        ("DE", "DE111111111"),
        ("DE", "DE222222222"),
    ],
)
def test_another_number_changes_no_tax(shop: Shop, country: str, number: str) -> None:
    invoice = invoice_for(shop, with_number(shop, country, number))

    assert invoice.total > invoice.subtotal


def test_a_number_that_is_taken_away_brings_the_tax_back(shop: Shop) -> None:
    customer = with_number(shop, "DE", EU_NUMBERS["DE"])
    number = shop.v1.customers.tax_ids.list(customer.id).data[0]
    shop.v1.customers.tax_ids.delete(customer.id, number.id)

    assert invoice_for(shop, customer).total == 14760 + 2804


def test_an_exempt_customer_pays_none(shop: Shop) -> None:
    invoice = invoice_for(shop, shop.customer("NL", tax_exempt="exempt"))

    assert invoice.total == 14760


@pytest.mark.parametrize(
    "number", ["NL12", "123456789", "DE12345678", "XX123456789", "NL123456789B1"]
)
def test_a_number_of_the_wrong_form_is_refused(shop: Shop, number: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        with_number(shop, "DE", number)
    assert refused.value.code == "tax_id_invalid"
    assert refused.value.param == "tax_id_data[0][value]"
    assert shop.v1.customers.list().data == []

    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.v1.customers.tax_ids.create(
            shop.customer().id, {"type": "eu_vat", "value": number}
        )
    assert refused.value.code == "tax_id_invalid"
    assert refused.value.param == "value"


def test_a_number_may_be_written_with_spaces_and_dots(shop: Shop) -> None:
    customer = with_number(shop, "NL", "nl 1234.56.789 b01")

    number = shop.v1.customers.tax_ids.list(customer.id).data[0]
    assert (number.value, number.country) == ("NL123456789B01", "NL")


def test_every_country_of_the_union_has_a_form() -> None:
    assert len(FORMS) == 28  # with Northern Ireland


def test_tax_needs_a_country(shop: Shop) -> None:
    customer = shop.v1.customers.create({"name": "Nowhere"})
    shop.give_card(customer.id)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.subscribe(customer.id, shop.price())

    assert refused.value.code == "customer_tax_location_invalid"
    assert shop.v1.subscriptions.list({"status": "all"}).data == []


def test_without_automatic_tax_there_is_none(shop: Shop) -> None:
    customer = shop.customer("NL", card="pm_card_visa")
    bought = shop.subscribe(
        customer.id, shop.price(4920), automatic_tax={"enabled": False}
    )

    invoice = shop.invoice_of(bought)
    assert invoice.total == 4920
    assert invoice.total_taxes == []
