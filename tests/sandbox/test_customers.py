"""Whose is what: customers with their cards and tax ids, and how they leave."""

from __future__ import annotations

from pathlib import Path

import pytest
import stripe

from tests.sandbox.shop import EU_NUMBERS, CheckedHttp, Shop
from tests.sandbox_process import SandboxProcess, start_sandbox


def test_anothers_tax_id_is_not_found(shop: Shop) -> None:
    anna, bram = shop.customer(), shop.customer()
    tax_ids = shop.v1.customers.tax_ids
    number = tax_ids.create(anna.id, {"type": "eu_vat", "value": EU_NUMBERS["NL"]})

    for ask in (tax_ids.retrieve, tax_ids.delete):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            ask(bram.id, number.id)
        assert refusal.value.http_status == 404
    assert tax_ids.retrieve(anna.id, number.id).value == EU_NUMBERS["NL"]


def test_anothers_card_is_not_found(shop: Shop) -> None:
    anna, bram = shop.customer(card="pm_card_visa"), shop.customer()
    card = shop.v1.customers.payment_methods.list(anna.id).data[0]

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.v1.customers.payment_methods.retrieve(bram.id, card.id)

    assert refusal.value.http_status == 404
    assert shop.v1.customers.payment_methods.retrieve(anna.id, card.id).id == card.id


def test_anothers_card_is_no_default_and_pays_nothing(shop: Shop) -> None:
    anna, bram = shop.customer(card="pm_card_visa"), shop.customer(card="pm_card_visa")
    card = shop.v1.customers.payment_methods.list(anna.id).data[0]
    bought = shop.subscribe(
        bram.id, shop.price(), payment_behavior="default_incomplete"
    )

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.v1.customers.update(
            bram.id, {"invoice_settings": {"default_payment_method": card.id}}
        )
    assert refusal.value.param == "invoice_settings[default_payment_method]"
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.v1.invoices.pay(str(bought.latest_invoice), {"payment_method": card.id})
    assert refusal.value.param == "payment_method"


def test_a_card_that_goes_is_no_default_any_more(shop: Shop) -> None:
    customer = shop.customer(card="pm_card_visa")
    card = shop.v1.customers.payment_methods.list(customer.id).data[0]
    bought = shop.subscribe(customer.id, shop.price(), default_payment_method=card.id)

    shop.v1.payment_methods.detach(card.id)

    left = shop.v1.customers.retrieve(customer.id).invoice_settings
    assert left is not None
    assert left.default_payment_method is None
    assert shop.v1.subscriptions.retrieve(bought.id).default_payment_method is None
    told = [event.type for event in shop.events()[:3]]
    assert sorted(told) == [
        "customer.subscription.updated",
        "customer.updated",
        "payment_method.detached",
    ]


def test_another_card_that_goes_leaves_the_default(shop: Shop) -> None:
    customer = shop.customer()
    spare = shop.give_card(customer.id, "pm_card_mastercard")
    default = shop.give_card(customer.id)

    shop.v1.payment_methods.detach(spare)

    left = shop.v1.customers.retrieve(customer.id).invoice_settings
    assert left is not None
    assert left.default_payment_method == default


def test_a_subscription_without_a_card_of_its_own_follows_the_customers(
    shop: Shop, sandbox: SandboxProcess
) -> None:
    customer = shop.customer(card="pm_card_visa")
    bought = shop.subscribe(customer.id, shop.price(interval="month"))
    assert bought.default_payment_method is None

    shop.give_card(customer.id, "pm_card_chargeCustomerFail")
    sandbox.advance(32 * 86_400)

    assert shop.v1.subscriptions.retrieve(bought.id).status == "past_due"


def fingerprints(shop: Shop) -> list[str]:
    """Of the same card of two customers, and of another one."""
    first, second = shop.customer(), shop.customer()
    ids = [
        shop.give_card(first.id),
        shop.give_card(second.id),
        shop.give_card(second.id, "pm_card_mastercard"),
    ]
    found = [shop.v1.payment_methods.retrieve(each).card for each in ids]
    return [str(card.fingerprint) for card in found if card]


def test_the_same_number_has_the_same_fingerprint_everywhere(
    shop: Shop, tmp_path: Path, http: CheckedHttp
) -> None:
    mine, same, other = fingerprints(shop)
    fresh = start_sandbox(tmp_path)

    # Another process with another store.
    assert fingerprints(Shop(fresh.base, http)) == [mine, same, other]
    assert mine == same != other
    fresh.stop()


def test_a_deleted_customer_takes_subscriptions_and_cards_along(shop: Shop) -> None:
    customer = shop.customer(card="pm_card_visa")
    bought = shop.subscribe(customer.id, shop.price())

    gone = shop.v1.customers.delete(customer.id)

    assert (gone.id, gone.deleted) == (customer.id, True)
    assert shop.v1.customers.retrieve(customer.id).to_dict() == gone.to_dict()
    assert shop.v1.customers.list().data == []
    ended = shop.v1.subscriptions.retrieve(bought.id, {"expand": ["customer"]})
    assert ended.status == "canceled"
    assert ended.customer.deleted is True
    assert shop.invoice_of(ended).status == "paid"
    types = [event.type for event in shop.events()]
    assert types[0] == "customer.deleted"
    assert {"customer.subscription.deleted", "payment_method.detached"} < set(types)


def test_time_goes_on_without_a_deleted_customer(
    shop: Shop, sandbox: SandboxProcess
) -> None:
    customer = shop.customer(card="pm_card_chargeCustomerFail")
    monthly = shop.price(interval="month")
    shop.subscribe(customer.id, monthly)
    shop.subscribe(customer.id, monthly, trial_period_days=30)
    shop.v1.customers.delete(customer.id)
    told = len(shop.events())

    sandbox.advance(100 * 86_400)

    assert len(shop.events()) == told


def test_nothing_can_be_done_with_a_deleted_customer(shop: Shop) -> None:
    customer, price_id = shop.customer(), shop.price()
    shop.v1.customers.delete(customer.id)

    for ask in (
        lambda: shop.v1.customers.update(customer.id, {"name": "Anna"}),
        lambda: shop.v1.customers.delete(customer.id),
        lambda: shop.v1.setup_intents.create({"customer": customer.id}),
        lambda: shop.subscribe(customer.id, price_id),
        lambda: shop.give_card(customer.id),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            ask()
        assert refusal.value.code == "resource_missing"


def test_a_lookup_key_is_one_prices(shop: Shop) -> None:
    first, second = shop.price(), shop.price()
    shop.v1.prices.update(first, {"lookup_key": "pro-year"})

    with pytest.raises(stripe.InvalidRequestError, match=first) as refusal:
        shop.v1.prices.update(second, {"lookup_key": "pro-year"})

    assert refusal.value.param == "lookup_key"
    found = shop.v1.prices.list({"lookup_keys": ["pro-year"]}).data
    assert [price.id for price in found] == [first]


def test_a_lookup_key_can_be_taken_over(shop: Shop) -> None:
    first, second = shop.price(), shop.price()
    shop.v1.prices.update(first, {"lookup_key": "pro-year"})

    taken = {"lookup_key": "pro-year", "transfer_lookup_key": True}
    shop.v1.prices.update(second, taken)

    found = shop.v1.prices.list({"lookup_keys": ["pro-year"]}).data
    assert [price.id for price in found] == [second]
    changed = [e.data.object["id"] for e in shop.events("price.updated")]
    assert changed == [second, first, first]
