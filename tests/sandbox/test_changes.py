"""Changing a running subscription: what it costs by the second, and who pays when."""

from __future__ import annotations

import pytest
import stripe
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.sandbox.shop import Shop
from tests.sandbox_process import SandboxProcess

DAY = 86_400
ASKS_ALWAYS = "pm_card_authenticationRequired"
CHARGE_FAILS = "pm_card_chargeCustomerFail"


def item(subscription: stripe.Subscription) -> stripe.SubscriptionItem:
    return subscription["items"].data[0]


def preview(
    shop: Shop, bought: stripe.Subscription, quantity: int, at: int
) -> stripe.Invoice:
    return shop.v1.invoices.create_preview(
        {
            "subscription": bought.id,
            "subscription_details": {
                "items": [{"id": item(bought).id, "quantity": quantity}],
                "proration_behavior": "always_invoice",
                "proration_date": at,
            },
        }
    )


def change(
    shop: Shop, bought: stripe.Subscription, quantity: int, **more: object
) -> stripe.Subscription:
    return shop.v1.subscriptions.update(
        bought.id,
        {
            "items": [{"id": item(bought).id, "quantity": quantity}],
            "proration_behavior": "always_invoice",
            **more,
        },
    )


@pytest.fixture
def bought(shop: Shop) -> stripe.Subscription:
    """Ten licenses for a year at €49.20."""
    customer = shop.customer("NL", card="pm_card_visa")
    return shop.subscribe(customer.id, shop.price(), 10)


def test_more_is_charged_as_previewed_to_the_cent(
    shop: Shop, bought: stripe.Subscription, sandbox: SandboxProcess
) -> None:
    sandbox.advance(100 * DAY + 12_345)
    at = sandbox.now() - 60

    shown = preview(shop, bought, 13, at)
    changed = change(
        shop, bought, 13, proration_date=at, payment_behavior="pending_if_incomplete"
    )

    charged = shop.invoice_of(changed)
    assert (charged.status, charged.billing_reason) == ("paid", "subscription_update")
    assert charged.total == shown.total > 0
    assert [line.amount for line in charged.lines.data] == [
        line.amount for line in shown.lines.data
    ]
    assert item(changed).quantity == 13
    assert item(changed).id == item(bought).id


def test_each_line_is_floored_by_itself(
    shop: Shop, bought: stripe.Subscription, sandbox: SandboxProcess
) -> None:
    sandbox.advance(7 * DAY + 1)
    at = sandbox.now()
    row = item(bought)
    left, whole = row.current_period_end - at, 365 * DAY

    unused, remaining = preview(shop, bought, 11, at).lines.data

    assert unused.amount == -(10 * 4920) * left // whole
    assert remaining.amount == (11 * 4920) * left // whole
    assert unused.parent.subscription_item_details.proration
    assert unused.description.startswith("Unused time on 10 × Diagrams Pro after ")


def test_fewer_without_proration_gives_nothing_back(
    shop: Shop, bought: stripe.Subscription
) -> None:
    changed = change(shop, bought, 4, proration_behavior="none")

    assert item(changed).quantity == 4
    assert changed.latest_invoice == bought.latest_invoice


def test_fewer_with_an_invoice_adds_to_the_balance(
    shop: Shop, bought: stripe.Subscription
) -> None:
    changed = change(shop, bought, 4)

    credit = shop.invoice_of(changed)
    customer = shop.v1.customers.retrieve(str(bought.customer))
    assert credit.status == "paid"
    assert credit.amount_due == 0
    assert customer.balance == credit.total < 0


@pytest.mark.parametrize("card", [ASKS_ALWAYS, CHARGE_FAILS])
def test_more_that_is_not_paid_waits_and_changes_nothing(
    shop: Shop, bought: stripe.Subscription, card: str
) -> None:
    shop.give_card(str(bought.customer), card)
    shop.v1.subscriptions.update(
        bought.id,
        {
            "default_payment_method": shop.v1.customers.retrieve(
                str(bought.customer)
            ).invoice_settings.default_payment_method
        },
    )

    changed = change(shop, bought, 12, payment_behavior="pending_if_incomplete")

    assert (changed.status, item(changed).quantity) == ("active", 10)
    assert changed.pending_update is not None
    waiting = changed.pending_update.subscription_items
    assert waiting is not None
    assert waiting[0].quantity == 12
    assert shop.invoice_of(changed).status == "open"
    shop.v1.invoices.void_invoice(str(changed.latest_invoice))
    kept = shop.v1.subscriptions.retrieve(bought.id)
    assert kept.pending_update is None
    assert item(kept).quantity == 10
    assert shop.events("customer.subscription.pending_update_expired")


def test_what_waits_comes_when_it_is_paid(
    shop: Shop, bought: stripe.Subscription
) -> None:
    customer = shop.v1.customers.retrieve(str(bought.customer))
    good = customer.invoice_settings.default_payment_method
    failing = shop.give_card(str(bought.customer), CHARGE_FAILS)
    shop.v1.subscriptions.update(bought.id, {"default_payment_method": failing})
    changed = change(shop, bought, 12, payment_behavior="pending_if_incomplete")

    shop.v1.invoices.pay(str(changed.latest_invoice), {"payment_method": str(good)})

    paid = shop.v1.subscriptions.retrieve(bought.id)
    assert (item(paid).quantity, paid.pending_update) == (12, None)
    assert shop.events("customer.subscription.pending_update_applied")


def test_what_waits_for_a_day_lapses(
    shop: Shop, bought: stripe.Subscription, sandbox: SandboxProcess
) -> None:
    failing = shop.give_card(str(bought.customer), CHARGE_FAILS)
    shop.v1.subscriptions.update(bought.id, {"default_payment_method": failing})
    changed = change(shop, bought, 12, payment_behavior="pending_if_incomplete")

    sandbox.advance(23 * 3600 + 5)

    kept = shop.v1.subscriptions.retrieve(bought.id)
    assert (item(kept).quantity, kept.pending_update) == (10, None)
    assert shop.invoice_of(changed).status == "void"


def test_more_that_must_be_paid_is_refused_without_a_trace(
    shop: Shop, bought: stripe.Subscription
) -> None:
    failing = shop.give_card(str(bought.customer), CHARGE_FAILS)
    shop.v1.subscriptions.update(bought.id, {"default_payment_method": failing})

    with pytest.raises(stripe.CardError) as refusal:
        change(shop, bought, 12, payment_behavior="error_if_incomplete")

    assert refusal.value.error.decline_code == "generic_decline"
    kept = shop.v1.subscriptions.retrieve(bought.id)
    assert item(kept).quantity == 10
    assert kept.latest_invoice == bought.latest_invoice


def test_prorations_that_are_not_invoiced_wait_for_the_renewal(
    shop: Shop, bought: stripe.Subscription, sandbox: SandboxProcess
) -> None:
    change(shop, bought, 12, proration_behavior="create_prorations")
    shown = shop.v1.invoices.create_preview({"subscription": bought.id})

    sandbox.advance(366 * DAY)

    renewed = shop.invoice_of(shop.v1.subscriptions.retrieve(bought.id))
    assert renewed.billing_reason == "subscription_cycle"
    assert (len(renewed.lines.data), renewed.total) == (3, shown.total)


def test_another_rhythm_begins_a_new_period(
    shop: Shop, bought: stripe.Subscription, sandbox: SandboxProcess
) -> None:
    sandbox.advance(10 * DAY)
    monthly = shop.v1.prices.create(
        {
            "product": str(item(bought).price.product),
            "currency": "eur",
            "unit_amount": 500,
            "recurring": {"interval": "month"},
        }
    )

    changed = shop.v1.subscriptions.update(
        bought.id, {"items": [{"id": item(bought).id, "price": monthly.id}]}
    )

    row = item(changed)
    assert row.price.id == monthly.id
    assert 27 * DAY < row.current_period_end - row.current_period_start < 32 * DAY
    assert changed.billing_cycle_anchor == row.current_period_start
    assert len(shop.invoice_of(changed).lines.data) == 2


def test_a_date_outside_the_period_is_refused(
    shop: Shop, bought: stripe.Subscription
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="proration_date"):
        preview(shop, bought, 12, item(bought).current_period_start - 5)


def test_ending_now_is_previewed_as_unused_time(
    shop: Shop, bought: stripe.Subscription, sandbox: SandboxProcess
) -> None:
    sandbox.advance(3 * DAY)

    shown = shop.v1.invoices.create_preview(
        {
            "subscription": bought.id,
            "subscription_details": {
                "cancel_now": True,
                "proration_behavior": "always_invoice",
                "proration_date": sandbox.now(),
            },
        }
    )

    paid = shop.invoice_of(bought)
    assert -paid.total < shown.total < -paid.total * 362 // 365 + 100


def test_ending_with_a_final_invoice_credits_the_unused_time(
    shop: Shop, bought: stripe.Subscription, sandbox: SandboxProcess
) -> None:
    sandbox.advance(3 * DAY)

    ended = shop.v1.subscriptions.cancel(
        bought.id, {"prorate": True, "invoice_now": True}
    )

    credit = shop.invoice_of(ended)
    assert ended.status == "canceled"
    assert credit.total < 0
    assert shop.v1.customers.retrieve(str(bought.customer)).balance == credit.total


def test_a_trial_can_be_ended_now_and_is_charged(
    shop: Shop, sandbox: SandboxProcess
) -> None:
    customer = shop.customer("NL", card="pm_card_visa")
    trial = shop.subscribe(customer.id, shop.price(), 3, trial_period_days=30)
    sandbox.advance(5 * DAY)
    shown = shop.v1.invoices.create_preview(
        {"subscription": trial.id, "subscription_details": {"trial_end": "now"}}
    )

    paid = shop.v1.subscriptions.update(trial.id, {"trial_end": "now"})

    assert paid.status == "active"
    assert shop.invoice_of(paid).total == shown.total == 17_860


def test_a_trial_can_be_extended(shop: Shop, sandbox: SandboxProcess) -> None:
    customer = shop.customer("NL", card="pm_card_visa")
    trial = shop.subscribe(customer.id, shop.price(), 3, trial_period_days=30)
    end = sandbox.now() + 60 * DAY

    extended = shop.v1.subscriptions.update(trial.id, {"trial_end": end})

    assert (extended.status, extended.trial_end) == ("trialing", end)
    assert item(extended).current_period_end == end
    sandbox.advance(40 * DAY)
    assert shop.v1.subscriptions.retrieve(trial.id).status == "trialing"


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    currency=st.sampled_from(["jpy", "eur", "kwd"]),
    amount=st.integers(1, 99_999),
    before=st.integers(1, 300),
    after=st.integers(1, 300),
    second=st.integers(0, 365 * DAY - 1),
)
def test_what_is_previewed_is_charged_whatever_it_is(
    shop: Shop, currency: str, amount: int, before: int, after: int, second: int
) -> None:
    assume(before != after)
    customer = shop.customer("NL", card="pm_card_visa")
    bought = shop.subscribe(customer.id, shop.price(amount, currency), before)
    at = item(bought).current_period_start + second

    shown = preview(shop, bought, after, at)
    charged = shop.invoice_of(change(shop, bought, after, proration_date=at))

    assert charged.total == shown.total
    assert [(line.amount, line.taxes[0].amount) for line in charged.lines.data] == [
        (line.amount, line.taxes[0].amount) for line in shown.lines.data
    ]
    left, whole = item(bought).current_period_end - at, 365 * DAY
    assert charged.lines.data[0].amount == -before * amount * left // whole
    assert charged.lines.data[1].amount == after * amount * left // whole
