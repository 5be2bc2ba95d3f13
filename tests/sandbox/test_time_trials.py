"""Trials, by a test clock: the warning, and their end with a card and without."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox.shop import Shop

DAY = 86_400
HOUR = 3_600
START = 1_800_014_400


def start(
    shop: Shop, card: str = "pm_card_visa", missing: str = "", **more: object
) -> tuple[str, stripe.Subscription]:
    """A clock, and a trial of 30 days of a monthly subscription."""
    clock = shop.clock(START)
    customer = shop.customer(card=card, test_clock=clock)
    if missing:
        more["trial_settings"] = {"end_behavior": {"missing_payment_method": missing}}
    made = shop.subscribe(
        customer.id,
        shop.price(4100, interval="month"),
        2,
        **{"trial_period_days": 30, **more},
    )
    return clock, made


def again(shop: Shop, found: stripe.Subscription) -> stripe.Subscription:
    return shop.v1.subscriptions.retrieve(found.id)


def test_the_end_is_told_three_days_before(shop: Shop) -> None:
    clock, trial = start(shop)

    shop.advance(clock, START + 28 * DAY)

    told = shop.events("customer.subscription.trial_will_end")
    assert [event.created for event in told] == [START + 27 * DAY]
    assert again(shop, trial).status == "trialing"


def test_the_end_of_a_short_trial_is_told_at_once(shop: Shop) -> None:
    clock, _ = start(shop, trial_period_days=2)

    shop.advance(clock, START + 60)

    told = shop.events("customer.subscription.trial_will_end")
    assert [event.created for event in told] == [START]


def test_with_a_card_a_trial_becomes_a_paid_subscription(shop: Shop) -> None:
    clock, trial = start(shop)
    ends = START + 30 * DAY

    shop.advance(clock, ends)
    found = again(shop, trial)
    assert found.status == "active"
    assert shop.invoice_of(found).status == "draft"
    shop.advance(clock, ends + HOUR)

    paid = shop.invoice_of(found)
    assert (paid.status, paid.billing_reason) == ("paid", "subscription_cycle")
    assert paid.subtotal == 8200
    item = again(shop, trial)["items"].data[0]
    # From 14 February to 14 March.
    assert (item.current_period_start, item.current_period_end) == (
        ends,
        ends + 28 * DAY,
    )


def test_without_a_card_a_trial_can_end(shop: Shop) -> None:
    clock, trial = start(shop, card="", missing="cancel")

    shop.advance(clock, START + 31 * DAY)

    found = again(shop, trial)
    assert (found.status, found.ended_at) == ("canceled", START + 30 * DAY)
    assert found.latest_invoice == trial.latest_invoice
    assert len(shop.events("customer.subscription.deleted")) == 1


def test_without_a_card_a_trial_can_pause(shop: Shop) -> None:
    clock, trial = start(shop, card="", missing="pause")

    shop.advance(clock, START + 31 * DAY)

    found = again(shop, trial)
    assert found.status == "paused"
    assert found.status_details is not None
    assert found.status_details.paused is not None
    assert found.status_details.paused.transitioned_at == START + 30 * DAY
    assert len(shop.events("customer.subscription.paused")) == 1


@pytest.mark.parametrize("missing", ["", "create_invoice"])
def test_without_a_card_a_trial_is_past_due_otherwise(shop: Shop, missing: str) -> None:
    clock, trial = start(shop, card="", missing=missing)

    shop.advance(clock, START + 31 * DAY)

    found = again(shop, trial)
    assert found.status == "past_due"
    assert shop.invoice_of(found).status == "open"


def test_a_card_that_comes_during_the_trial_is_charged(shop: Shop) -> None:
    clock, trial = start(shop, card="", missing="cancel")
    shop.give_card(str(trial.customer))

    shop.advance(clock, START + 31 * DAY)

    assert again(shop, trial).status == "active"
    assert shop.invoice_of(again(shop, trial)).status == "paid"


def test_a_trial_that_was_cancelled_ends_and_costs_nothing(shop: Shop) -> None:
    clock, trial = start(shop)
    shop.v1.subscriptions.update(trial.id, {"cancel_at_period_end": True})

    shop.advance(clock, START + 31 * DAY)

    found = again(shop, trial)
    assert (found.status, found.ended_at) == ("canceled", START + 30 * DAY)
    assert shop.invoice_of(found).total == 0


def test_a_trial_may_end_at_an_instant(shop: Shop) -> None:
    wanted = START + 10 * DAY + 7
    clock = shop.clock(START)
    customer = shop.customer(card="pm_card_visa", test_clock=clock)

    trial = shop.subscribe(customer.id, shop.price(interval="month"), trial_end=wanted)

    assert (trial.status, trial.trial_end) == ("trialing", wanted)
    assert trial.billing_cycle_anchor == wanted
    shop.advance(clock, wanted)
    assert again(shop, trial).status == "active"


@pytest.mark.parametrize(
    "more",
    [
        {"trial_end": START - 1},
        {"trial_end": START + 731 * DAY},
        {"trial_end": START + DAY, "trial_period_days": 3},
    ],
)
def test_a_trial_ends_later_but_not_much(shop: Shop, more: dict[str, int]) -> None:
    customer = shop.customer(card="pm_card_visa", test_clock=shop.clock(START))

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.subscribe(customer.id, shop.price(), **more)
    assert refusal.value.param == "trial_end"
