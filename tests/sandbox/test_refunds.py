"""Charges, and giving them back to the card."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox.shop import Shop


def charge_of(shop: Shop, invoice: stripe.Invoice) -> stripe.Charge:
    payments = shop.v1.invoice_payments.list({"invoice": str(invoice.id)})
    intent_id = str(payments.data[0].payment.payment_intent)
    intent = shop.v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]})
    assert isinstance(intent.latest_charge, stripe.Charge)
    return intent.latest_charge


@pytest.fixture
def charge(shop: Shop) -> stripe.Charge:
    """119.06: 98.40 and 21 % of tax."""
    customer = shop.customer("NL", card="pm_card_visa")
    bought = shop.subscribe(customer.id, shop.price(9840))
    return charge_of(shop, shop.invoice_of(bought))


def test_a_payment_leaves_a_charge_with_the_card(
    shop: Shop, charge: stripe.Charge
) -> None:
    assert (charge.status, charge.amount_captured) == ("succeeded", 11906)
    assert charge.payment_method_details
    assert charge.payment_method_details.card
    assert charge.payment_method_details.card.last4 == "4242"
    entry = shop.v1.balance_transactions.retrieve(str(charge.balance_transaction))
    assert (entry.type, entry.net, entry.source) == ("charge", 11906, charge.id)


def test_a_declined_payment_leaves_a_failed_charge(shop: Shop) -> None:
    customer = shop.customer(card="pm_card_chargeCustomerFail")
    shop.subscribe(customer.id, shop.price())

    found = shop.v1.charges.list({"customer": customer.id}).data[0]

    assert (found.status, found.failure_code) == ("failed", "card_declined")
    assert len(shop.events("charge.failed")) == 1


def test_a_refund_gives_all_back(shop: Shop, charge: stripe.Charge) -> None:
    made = shop.v1.refunds.create(
        {"payment_intent": str(charge.payment_intent), "metadata": {"a": "1"}}
    )

    after = shop.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert (made.status, made.amount) == ("succeeded", 11906)
    assert (after.refunded, after.amount_refunded) == (True, 11906)
    assert after.refunds
    assert [refund.id for refund in after.refunds.data] == [made.id]
    assert len(shop.events("charge.refunded", "refund.created")) == 2


def test_a_refund_in_parts_ends_at_the_whole(shop: Shop, charge: stripe.Charge) -> None:
    shop.v1.refunds.create({"charge": charge.id, "amount": 10000})

    with pytest.raises(stripe.InvalidRequestError, match=r"19\.07.*19\.06") as too:
        shop.v1.refunds.create({"charge": charge.id, "amount": 1907})
    shop.v1.refunds.create({"charge": charge.id, "amount": 1906})
    with pytest.raises(stripe.InvalidRequestError) as again:
        shop.v1.refunds.create({"charge": charge.id})

    assert too.value.param == "amount"
    assert again.value.code == "charge_already_refunded"
    assert sum(r.amount for r in shop.v1.refunds.list({"charge": charge.id})) == 11906


def test_a_failed_charge_has_nothing_to_refund(shop: Shop) -> None:
    customer = shop.customer(card="pm_card_chargeCustomerFail")
    shop.subscribe(customer.id, shop.price())
    failed = shop.v1.charges.list({"customer": customer.id}).data[0]

    with pytest.raises(stripe.InvalidRequestError, match="not successful"):
        shop.v1.refunds.create({"charge": failed.id})
