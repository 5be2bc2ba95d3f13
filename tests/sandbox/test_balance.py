"""A customer's credit, and the invoices that use it up."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox.shop import Shop


def give(shop: Shop, customer_id: str, amount: int, currency: str = "eur") -> str:
    """Change the balance; below zero is credit. The entry's id."""
    made = shop.v1.customers.balance_transactions.create(
        customer_id,
        {"amount": amount, "currency": currency, "description": "Goodwill"},
    )
    return made.id


def balance(shop: Shop, customer_id: str) -> int:
    return int(shop.v1.customers.retrieve(customer_id).balance or 0)


def test_an_invoice_uses_credit_before_the_card(shop: Shop) -> None:
    customer = shop.customer(card="pm_card_visa")
    give(shop, customer.id, -2000)

    invoice = shop.invoice_of(shop.subscribe(customer.id, shop.price(10000)))

    assert (invoice.starting_balance, invoice.ending_balance) == (-2000, 0)
    assert (invoice.total, invoice.amount_due, invoice.amount_paid) == (
        12100,
        10100,
        10100,
    )
    assert balance(shop, customer.id) == 0


def test_credit_that_covers_everything_needs_no_card(shop: Shop) -> None:
    customer = shop.customer()
    give(shop, customer.id, -20000)

    bought = shop.subscribe(customer.id, shop.price(10000))

    invoice = shop.invoice_of(bought)
    assert (bought.status, invoice.status) == ("active", "paid")
    assert (invoice.amount_due, invoice.ending_balance) == (0, -7900)
    assert balance(shop, customer.id) == -7900


def test_a_debt_is_paid_with_the_next_invoice(shop: Shop) -> None:
    customer = shop.customer(card="pm_card_visa")
    give(shop, customer.id, 500)

    invoice = shop.invoice_of(shop.subscribe(customer.id, shop.price(10000)))

    assert (invoice.amount_paid, balance(shop, customer.id)) == (12600, 0)


def test_a_preview_shows_what_the_credit_leaves(shop: Shop) -> None:
    customer = shop.customer()
    give(shop, customer.id, -2000)

    found = shop.v1.invoices.create_preview(
        {
            "customer": customer.id,
            "automatic_tax": {"enabled": True},
            "subscription_details": {"items": [{"price": shop.price(10000)}]},
        }
    )

    assert (found.total, found.amount_due) == (12100, 10100)
    assert (found.starting_balance, found.ending_balance) == (-2000, None)
    assert balance(shop, customer.id) == -2000


def test_a_void_invoice_gives_its_credit_back(shop: Shop) -> None:
    customer = shop.customer()
    give(shop, customer.id, -2000)
    bought = shop.subscribe(
        customer.id, shop.price(10000), payment_behavior="default_incomplete"
    )
    assert balance(shop, customer.id) == 0

    shop.v1.invoices.void_invoice(str(bought.latest_invoice))

    assert balance(shop, customer.id) == -2000


def test_every_change_is_an_entry(shop: Shop) -> None:
    customer = shop.customer(card="pm_card_visa")
    entries = shop.v1.customers.balance_transactions
    first = give(shop, customer.id, -2000)
    bought = shop.subscribe(customer.id, shop.price(10000))
    entries.update(customer.id, first, {"description": "Sorry", "metadata": {"a": "1"}})

    found = entries.list(customer.id).data

    assert [(e.type, e.amount, e.ending_balance) for e in found] == [
        ("applied_to_invoice", 2000, 0),
        ("adjustment", -2000, -2000),
    ]
    assert found[0].invoice == bought.latest_invoice
    assert entries.retrieve(customer.id, first).description == "Sorry"


def test_each_currency_has_its_own_balance(shop: Shop) -> None:
    customer = shop.customer(card="pm_card_visa")
    give(shop, customer.id, -2000)
    give(shop, customer.id, -300, "usd")

    invoice = shop.invoice_of(shop.subscribe(customer.id, shop.price(10000, "usd")))

    assert (invoice.starting_balance, balance(shop, customer.id)) == (-300, -2000)


def test_nobody_reads_the_entries_of_another(shop: Shop) -> None:
    entry = give(shop, shop.customer().id, -100)

    with pytest.raises(stripe.InvalidRequestError, match="No such"):
        shop.v1.customers.balance_transactions.retrieve(shop.customer().id, entry)


def test_an_invoice_below_zero_becomes_credit_for_the_next(shop: Shop) -> None:
    customer = shop.customer(card="pm_card_visa")
    bought = shop.subscribe(customer.id, shop.price(10000), 10)
    item = bought["items"].data[0]

    fewer = shop.v1.subscriptions.update(
        bought.id,
        {
            "items": [{"id": item.id, "quantity": 4}],
            "proration_behavior": "always_invoice",
            "proration_date": item.current_period_start,
        },
    )

    invoice = shop.invoice_of(fewer)
    assert (invoice.total, invoice.amount_due, invoice.status) == (-72600, 0, "paid")
    assert (invoice.starting_balance, invoice.ending_balance) == (0, -72600)
    assert balance(shop, customer.id) == -72600
