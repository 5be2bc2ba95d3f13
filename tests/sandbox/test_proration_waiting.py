"""A change that waits for its payment, beside everything else that happens."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.shop import Shop
from tests.sandbox_process import SandboxProcess

DAY = 86_400
CHARGE_FAILS = "pm_card_chargeCustomerFail"


def row(found: stripe.Subscription) -> stripe.SubscriptionItem:
    return found["items"].data[0]


def buy(shop: Shop, **more: Any) -> stripe.Subscription:
    """Ten licenses for a month."""
    customer = shop.customer("NL", card="pm_card_visa")
    return shop.subscribe(customer.id, shop.price(500, "eur", "month"), 10, **more)


def fail_cards(shop: Shop, bought: stripe.Subscription) -> None:
    shop.give_card(str(bought.customer), CHARGE_FAILS)


def change(
    shop: Shop, bought: stripe.Subscription, quantity: int, **more: Any
) -> stripe.Subscription:
    """Another number, which waits for its payment unless told otherwise."""
    wanted: Any = {
        "items": [{"id": row(bought).id, "quantity": quantity}],
        "proration_behavior": "always_invoice",
        "payment_behavior": "pending_if_incomplete",
        **more,
    }
    return shop.v1.subscriptions.update(bought.id, wanted)


def now(shop: Shop, bought: stripe.Subscription) -> stripe.Subscription:
    return shop.v1.subscriptions.retrieve(bought.id)


@pytest.mark.parametrize("waits", [True, False])
def test_a_new_change_takes_the_place_of_the_one_that_waits(
    shop: Shop, waits: bool
) -> None:
    bought = buy(shop)
    fail_cards(shop, bought)
    first = change(shop, bought, 12)
    direct = {"proration_behavior": "none", "payment_behavior": "allow_incomplete"}

    second = change(shop, bought, 4 if not waits else 15, **({} if waits else direct))

    assert shop.invoice_of(first).status == "void"
    assert (second.pending_update is not None) == waits
    assert row(second).quantity == (10 if waits else 4)
    shop.give_card(str(bought.customer))
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.invoices.pay(str(first.latest_invoice))


def test_what_waited_for_an_ended_subscription_never_comes(shop: Shop) -> None:
    bought = buy(shop)
    fail_cards(shop, bought)
    waiting = change(shop, bought, 12)

    ended = shop.v1.subscriptions.cancel(bought.id)

    assert ended.pending_update is None
    shop.give_card(str(bought.customer))
    shop.v1.invoices.pay(str(waiting.latest_invoice))
    assert row(now(shop, bought)).quantity == 10


def late(
    shop: Shop, sandbox: SandboxProcess
) -> tuple[stripe.Subscription, stripe.Invoice]:
    """A subscription whose renewal couldn't be charged, and that renewal."""
    bought = buy(shop)
    fail_cards(shop, bought)
    sandbox.advance(to=row(bought).current_period_end + 2 * 3600)
    found = now(shop, bought)
    assert found.status == "past_due"
    return found, shop.invoice_of(found)


def test_giving_up_what_waits_pays_no_renewal(
    shop: Shop, sandbox: SandboxProcess
) -> None:
    found, renewal = late(shop, sandbox)
    waiting = change(shop, found, 12)

    shop.v1.invoices.void_invoice(str(waiting.latest_invoice))

    assert now(shop, found).status == "past_due"
    shop.give_card(str(found.customer))
    shop.v1.invoices.pay(str(renewal.id))
    assert now(shop, found).status == "active"


@pytest.mark.parametrize("credit", [True, False])
def test_a_refused_attempt_at_a_renewal_mends_nothing(
    shop: Shop, sandbox: SandboxProcess, credit: bool
) -> None:
    found, renewal = late(shop, sandbox)
    change(shop, found, 4 if credit else 12)
    sandbox.advance(DAY)

    sandbox.advance(3 * DAY)

    tried = shop.v1.invoices.retrieve(str(renewal.id))
    assert (tried.status, tried.attempt_count) == ("open", 2)
    assert now(shop, found).status == "past_due"


@pytest.mark.parametrize("late_payment", [True, False])
def test_another_rhythm_counts_its_periods_from_the_change(
    shop: Shop, sandbox: SandboxProcess, late_payment: bool
) -> None:
    bought = buy(shop)
    sandbox.advance(10 * DAY)
    if late_payment:
        fail_cards(shop, bought)
    yearly = shop.price(4920)

    changed = change(shop, bought, 10, items=[{"id": row(bought).id, "price": yearly}])
    if late_payment:
        shop.give_card(str(bought.customer))
        shop.v1.invoices.pay(str(changed.latest_invoice))

    first = now(shop, bought)
    assert first.billing_cycle_anchor == row(first).current_period_start
    assert first.billing_cycle_anchor >= bought.billing_cycle_anchor + 10 * DAY
    sandbox.advance(to=row(first).current_period_end + 10)
    second = row(now(shop, bought))
    assert second.current_period_end - second.current_period_start >= 365 * DAY


@pytest.mark.parametrize("behaviour", ["none", "create_prorations", "always_invoice"])
@pytest.mark.parametrize("more", [{"metadata": {"a": "b"}}, {"description": "x"}])
def test_what_cannot_wait_is_refused_beside_what_can(
    shop: Shop, behaviour: str, more: dict[str, Any]
) -> None:
    bought = buy(shop)

    with pytest.raises(stripe.InvalidRequestError, match="pending_if_incomplete"):
        change(shop, bought, 12, proration_behavior=behaviour, **more)


def test_the_end_of_a_trial_is_not_ignored(shop: Shop, sandbox: SandboxProcess) -> None:
    bought = buy(shop)
    end = sandbox.now() + 10 * DAY

    with pytest.raises(stripe.InvalidRequestError, match="trial_end"):
        change(shop, bought, 12, trial_end=end)
    with pytest.raises(stripe.InvalidRequestError, match="trial"):
        shop.v1.invoices.create_preview(
            {"subscription": bought.id, "subscription_details": {"trial_end": end}}
        )


def test_nothing_changes_before_the_first_payment(shop: Shop) -> None:
    customer = shop.customer("NL", card=CHARGE_FAILS)
    bought = shop.subscribe(customer.id, shop.price(), 3)

    with pytest.raises(stripe.InvalidRequestError, match="incomplete"):
        change(shop, bought, 5, payment_behavior="allow_incomplete")


def test_a_paused_subscription_changes_its_number(
    shop: Shop, sandbox: SandboxProcess
) -> None:
    settings = {"end_behavior": {"missing_payment_method": "pause"}}
    trial = shop.subscribe(
        shop.customer("NL").id,
        shop.price(),
        3,
        trial_period_days=10,
        trial_settings=settings,
    )
    sandbox.advance(11 * DAY)

    changed = shop.v1.subscriptions.update(
        trial.id,
        {
            "items": [{"id": row(trial).id, "quantity": 5}],
            "proration_behavior": "none",
        },
    )

    assert (changed.status, row(changed).quantity) == ("paused", 5)


def test_an_end_that_was_asked_for_says_so(shop: Shop) -> None:
    bought = buy(shop)

    asked = shop.v1.subscriptions.update(bought.id, {"cancel_at_period_end": True})
    taken_back = shop.v1.subscriptions.update(
        bought.id, {"cancel_at_period_end": False}
    )

    assert asked.cancellation_details.reason == "cancellation_requested"
    assert taken_back.cancellation_details.reason is None


def test_what_is_bought_for_one_period_ends_with_it(
    shop: Shop, sandbox: SandboxProcess
) -> None:
    bought = buy(shop, cancel_at_period_end=True)

    assert bought.cancel_at == row(bought).current_period_end
    sandbox.advance(to=row(bought).current_period_end + 20)
    assert now(shop, bought).status == "canceled"


def test_what_waited_comes_before_the_period_in_preview_and_invoice(
    shop: Shop, sandbox: SandboxProcess
) -> None:
    bought = buy(shop)
    sandbox.advance(5 * DAY)
    direct = {
        "payment_behavior": "allow_incomplete",
        "proration_behavior": "create_prorations",
    }
    change(shop, bought, 12, **direct)

    shown = shop.v1.invoices.create_preview({"subscription": bought.id})
    sandbox.advance(to=row(bought).current_period_end + 20)

    renewed = shop.invoice_of(now(shop, bought))
    words = [line.description for line in renewed.lines.data]
    assert words == [line.description for line in shown.lines.data]
    assert str(words[0]).startswith("Unused time on 10")
