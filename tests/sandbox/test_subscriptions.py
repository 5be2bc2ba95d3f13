"""Buying and ending subscriptions: every way that a first payment can end."""

from __future__ import annotations

import datetime as dt

import pytest
import stripe

from tests.sandbox.shop import Shop

DECLINES = "pm_card_chargeCustomerFail"
ASKS = "pm_card_authenticationRequired"


def buy(
    shop: Shop, card: str, behaviour: str = "", **more: object
) -> stripe.Subscription:
    customer = shop.customer(card=card)
    if behaviour:
        more["payment_behavior"] = behaviour
    return shop.subscribe(customer.id, shop.price(4920), 12, **more)


def payment_of(shop: Shop, bought: stripe.Subscription) -> stripe.PaymentIntent:
    payments = shop.v1.invoice_payments.list(
        {
            "invoice": str(bought.latest_invoice),
            "expand": ["data.payment.payment_intent"],
        }
    )
    found = payments.data[0].payment.payment_intent
    assert isinstance(found, stripe.PaymentIntent)
    return found


def again(shop: Shop, bought: stripe.Subscription) -> stripe.Subscription:
    return shop.v1.subscriptions.retrieve(bought.id)


def test_a_good_card_makes_an_active_subscription(shop: Shop) -> None:
    bought = buy(shop, "pm_card_visa")

    item = bought["items"].data[0]
    start, end = (
        dt.datetime.fromtimestamp(at, dt.UTC)
        for at in (item.current_period_start, item.current_period_end)
    )
    assert bought.status == "active"
    assert item.quantity == 12
    assert (end.year - start.year, end.day) in {(1, start.day), (1, 28)}
    assert shop.invoice_of(bought).status == "paid"
    assert payment_of(shop, bought).status == "succeeded"


def test_a_purchase_is_told_in_order(shop: Shop) -> None:
    bought = buy(shop, "pm_card_visa")

    told = [
        event.type
        for event in reversed(shop.events())
        if event.type.startswith(("customer.subscription", "invoice."))
    ]
    assert told == [
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "customer.subscription.updated",
    ]
    updated = shop.events("customer.subscription.updated")[0]
    assert updated.data.previous_attributes["status"] == "incomplete"
    assert updated.data.object["id"] == bought.id


def test_a_declined_card_leaves_it_incomplete(shop: Shop) -> None:
    bought = buy(shop, DECLINES)

    intent = payment_of(shop, bought)
    invoice = shop.invoice_of(bought)
    assert bought.status == "incomplete"
    assert (invoice.status, invoice.attempted) == ("open", True)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.decline_code == "generic_decline"


def test_another_card_pays_what_was_declined(shop: Shop) -> None:
    bought = buy(shop, DECLINES)
    card_id = shop.give_card(str(bought.customer))

    shop.v1.invoices.pay(str(bought.latest_invoice), {"payment_method": card_id})

    assert again(shop, bought).status == "active"
    assert payment_of(shop, bought).last_payment_error is None


@pytest.mark.parametrize(
    ("outcome", "status", "payment"),
    [
        ("ok", "active", "succeeded"),
        ("failed", "incomplete", "requires_payment_method"),
    ],
)
def test_the_bank_decides_after_asking(
    shop: Shop, outcome: str, status: str, payment: str
) -> None:
    bought = buy(shop, ASKS)
    intent = payment_of(shop, bought)
    assert (bought.status, intent.status) == ("incomplete", "requires_action")

    shop.bank(str(intent.client_secret), outcome)

    assert again(shop, bought).status == status
    assert payment_of(shop, bought).status == payment


@pytest.mark.parametrize("card", [DECLINES, ASKS])
def test_all_or_nothing_leaves_nothing(shop: Shop, card: str) -> None:
    with pytest.raises(stripe.CardError) as refused:
        buy(shop, card, "error_if_incomplete")

    assert refused.value.http_status == 402
    assert shop.v1.subscriptions.list({"status": "all"}).data == []
    assert shop.v1.invoices.list().data == []
    assert shop.events("invoice.payment_failed", "payment_intent.created") == []


def test_a_payment_can_wait_for_the_browser(shop: Shop) -> None:
    bought = buy(shop, "pm_card_visa", "default_incomplete")

    assert bought.status == "incomplete"
    assert shop.invoice_of(bought).attempted is False


def test_a_trial_charges_nothing_now(shop: Shop) -> None:
    bought = buy(shop, "pm_card_visa", trial_period_days=30)

    item = bought["items"].data[0]
    assert bought.status == "trialing"
    assert bought.trial_end is not None
    assert bought.trial_end - bought.created == 30 * 86_400
    assert item.current_period_end == bought.trial_end
    assert shop.invoice_of(bought).total == 0
    assert shop.invoice_of(bought).status == "paid"


def test_voiding_the_first_invoice_ends_the_subscription(shop: Shop) -> None:
    bought = buy(shop, DECLINES)

    shop.v1.invoices.void_invoice(str(bought.latest_invoice))

    assert again(shop, bought).status == "incomplete_expired"
    assert payment_of(shop, bought).status == "canceled"


def test_canceling_an_unpaid_one_voids_its_invoice(shop: Shop) -> None:
    bought = buy(shop, DECLINES)

    ended = shop.v1.subscriptions.cancel(bought.id)

    assert ended.status == "canceled"
    assert shop.invoice_of(bought).status == "void"
    with pytest.raises(stripe.InvalidRequestError, match="void"):
        shop.v1.invoices.pay(str(bought.latest_invoice))


def test_a_challenge_after_voiding_takes_no_money(shop: Shop) -> None:
    bought = buy(shop, ASKS)
    secret = str(payment_of(shop, bought).client_secret)
    shop.v1.invoices.void_invoice(str(bought.latest_invoice))

    shop.bank(secret)

    assert payment_of(shop, bought).status == "canceled"
    assert again(shop, bought).status == "incomplete_expired"


def test_a_paid_invoice_can_be_neither_voided_nor_paid_again(shop: Shop) -> None:
    invoice_id = str(buy(shop, "pm_card_visa").latest_invoice)

    with pytest.raises(stripe.InvalidRequestError, match="paid"):
        shop.v1.invoices.void_invoice(invoice_id)
    with pytest.raises(stripe.InvalidRequestError, match="paid"):
        shop.v1.invoices.pay(invoice_id)


def test_an_end_is_said_with_its_reason(shop: Shop) -> None:
    bought = buy(shop, "pm_card_visa")

    ended = shop.v1.subscriptions.cancel(
        bought.id,
        {"cancellation_details": {"feedback": "unused", "comment": "Nobody draws"}},
    )

    details = ended.cancellation_details
    assert details is not None
    assert (details.feedback, details.comment) == ("unused", "Nobody draws")
    assert details.reason == "cancellation_requested"
    assert shop.events("customer.subscription.deleted")[0].data.object["id"] == ended.id
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.subscriptions.cancel(bought.id)


def test_an_end_can_be_set_for_later_and_taken_back(shop: Shop) -> None:
    bought = buy(shop, "pm_card_visa")
    ends = bought["items"].data[0].current_period_end

    later = shop.v1.subscriptions.update(bought.id, {"cancel_at_period_end": True})
    assert (later.status, later.cancel_at) == ("active", ends)

    kept = shop.v1.subscriptions.update(bought.id, {"cancel_at_period_end": False})
    assert kept.cancel_at is None


def test_a_second_subscription_has_the_next_invoice_number(shop: Shop) -> None:
    customer, price_id = shop.customer(card="pm_card_visa"), shop.price()

    numbers = [
        str(shop.invoice_of(shop.subscribe(customer.id, price_id)).number)
        for _ in range(3)
    ]

    prefix = customer.invoice_prefix
    assert numbers == [f"{prefix}-000{n}" for n in (1, 2, 3)]


def test_what_is_not_built_is_refused_aloud(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="doesn't know"):
        buy(shop, "pm_card_visa", days_until_due=3)
