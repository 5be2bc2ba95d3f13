"""Prorations against sums in exact fractions: previews, charges, and what goes back."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from billing.sandbox.proration import share
from tests.sandbox.shop import Shop

DAY = 86_400
# 31 January 2027, and the same day of a leap year, at noon in UTC.
STARTS = (1_801_396_800, 1_832_932_800)
CURRENCIES = st.sampled_from(["jpy", "eur", "kwd"])
COUNTRIES = st.sampled_from(["NL", "FI", "LU", "US"])
AMOUNTS = st.integers(0, 10**9)
LENGTHS = st.integers(1, 366 * DAY)
# The sandbox may keep what earlier examples made.
calm = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
few = settings(calm, max_examples=12)


@given(amount=st.integers(-(10**9), 10**9), whole=LENGTHS, data=st.data())
def test_a_share_is_the_floor_of_its_exact_fraction(
    amount: int, whole: int, data: st.DataObject
) -> None:
    seconds = data.draw(st.integers(0, whole))

    assert share(amount, seconds, whole) == math.floor(
        Fraction(amount) * Fraction(seconds, whole)
    )


@given(old=AMOUNTS, new=AMOUNTS, whole=LENGTHS, data=st.data())
def test_there_and_back_at_one_instant_costs_nobody_more_than_two_units(
    old: int, new: int, whole: int, data: st.DataObject
) -> None:
    left = data.draw(st.integers(0, whole))

    there = share(-old, left, whole) + share(new, left, whole)
    back = share(-new, left, whole) + share(old, left, whole)

    assert -2 <= there + back <= 0


def test_of_1000_for_three_parts_667_goes_back_and_333_is_charged() -> None:
    assert (share(-1000, 2, 3), share(1000, 1, 3)) == (-667, 333)


def items_of(subscription: stripe.Subscription) -> list[stripe.SubscriptionItem]:
    return subscription["items"].data


def facts(invoice: stripe.Invoice) -> list[tuple[Any, ...]]:
    """What each line says and costs, with its tax."""
    return [
        (
            line.amount,
            [tax.amount for tax in line.taxes or []],
            line.quantity,
            line.description,
            (line.period.start, line.period.end),
        )
        for line in invoice.lines.data
    ]


def frozen(
    shop: Shop, country: str, start: int, *prices: tuple[str, int]
) -> tuple[str, stripe.Subscription]:
    """A test clock at `start`, and somebody who bought these prices on it."""
    clock = shop.clock(start)
    customer = shop.customer(country, card="pm_card_visa", test_clock=clock)
    bought = shop.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": price, "quantity": q} for price, q in prices],
            "automatic_tax": {"enabled": True},
        }
    )
    return clock, bought


def change(bought: stripe.Subscription, *wanted: dict[str, Any], **more: Any) -> Any:
    """The parameters of a change of its items, for a preview and for real."""
    rows = zip(items_of(bought), wanted, strict=True)
    items = [{"id": row.id, **each} for row, each in rows]
    return {"items": items, "proration_behavior": "always_invoice", **more}


def previewed(shop: Shop, bought: stripe.Subscription, details: Any) -> stripe.Invoice:
    return shop.v1.invoices.create_preview(
        {"subscription": bought.id, "subscription_details": details}
    )


@few
@given(
    country=COUNTRIES,
    currency=CURRENCIES,
    amounts=st.tuples(*[st.integers(1, 99_999)] * 3),
    quantities=st.tuples(*[st.integers(1, 300)] * 4),
    second=st.integers(0, 28 * DAY - 1),
    start=st.sampled_from(STARTS),
    interval=st.sampled_from(["month", "year"]),
)
def test_two_items_and_a_price_change_cost_what_the_preview_said(
    shop: Shop,
    country: str,
    currency: str,
    amounts: tuple[int, int, int],
    quantities: tuple[int, int, int, int],
    second: int,
    start: int,
    interval: str,
) -> None:
    assume(quantities[0] != quantities[2] and quantities[1] != quantities[3])
    one, two, other = (shop.price(each, currency, interval) for each in amounts)
    _, bought = frozen(shop, country, start, (one, quantities[0]), (two, quantities[1]))
    wanted = change(
        bought,
        {"quantity": quantities[2]},
        {"quantity": quantities[3], "price": other},
        proration_date=start + second,
    )

    shown = previewed(shop, bought, wanted)
    charged = shop.invoice_of(shop.v1.subscriptions.update(bought.id, wanted))

    assert facts(charged) == facts(shown)
    assert (charged.total, charged.amount_due) == (shown.total, shown.amount_due)
    end = items_of(bought)[0].current_period_end
    left = Fraction(end - start - second, end - start)
    exact = [
        -amounts[0] * quantities[0] * left,
        amounts[0] * quantities[2] * left,
        -amounts[1] * quantities[1] * left,
        amounts[2] * quantities[3] * left,
    ]
    assert [line.amount for line in charged.lines.data] == [
        math.floor(each) for each in exact
    ]


@few
@given(
    currency=CURRENCIES,
    amount=st.integers(1, 99_999),
    quantity=st.integers(1, 300),
    second=st.integers(1, 27 * DAY),
    start=st.sampled_from(STARTS),
)
def test_an_end_now_gives_back_what_the_preview_said(
    shop: Shop, currency: str, amount: int, quantity: int, second: int, start: int
) -> None:
    price = shop.price(amount, currency, "month")
    clock, bought = frozen(shop, "NL", start, (price, quantity))
    shop.advance(clock, start + second)

    shown = previewed(
        shop, bought, {"cancel_now": True, "proration_date": start + second}
    )
    ended = shop.v1.subscriptions.cancel(
        bought.id, {"prorate": True, "invoice_now": True}
    )

    credit = shop.invoice_of(ended)
    assert facts(credit) == facts(shown)
    assert credit.total == shown.total <= 0
    customer = shop.v1.customers.retrieve(str(bought.customer))
    assert customer.balance == credit.total


# Each of these renews once.
@settings(calm, max_examples=5)
@given(
    amount=st.integers(1, 99_999),
    before=st.integers(1, 300),
    after=st.integers(1, 300),
    second=st.integers(0, 27 * DAY),
    start=st.sampled_from(STARTS),
)
def test_what_waits_is_in_the_renewal_as_previewed(
    shop: Shop, amount: int, before: int, after: int, second: int, start: int
) -> None:
    assume(before != after)
    price = shop.price(amount, "eur", "month")
    clock, bought = frozen(shop, "FI", start, (price, before))
    wanted = change(
        bought,
        {"quantity": after},
        proration_behavior="create_prorations",
        proration_date=start + second,
    )

    shown = previewed(shop, bought, wanted)
    shop.v1.subscriptions.update(bought.id, wanted)
    then = previewed(shop, bought, {})
    shop.advance(clock, items_of(bought)[0].current_period_end)

    renewed = shop.invoice_of(shop.v1.subscriptions.retrieve(bought.id))
    assert sorted(facts(renewed)) == sorted(facts(shown)) == sorted(facts(then))
    assert renewed.total == shown.total == then.total


def test_credit_of_before_is_used_up_as_previewed(shop: Shop) -> None:
    clock, bought = frozen(shop, "NL", STARTS[0], (shop.price(), 10))
    shop.advance(clock, STARTS[0] + 20 * DAY)
    shop.v1.subscriptions.update(bought.id, change(bought, {"quantity": 7}))
    more = change(bought, {"quantity": 14})

    shown = previewed(shop, bought, more)
    charged = shop.invoice_of(shop.v1.subscriptions.update(bought.id, more))

    assert (charged.total, charged.amount_due) == (shown.total, shown.amount_due)
    assert 0 < charged.amount_paid < charged.total
    assert shop.v1.customers.retrieve(str(bought.customer)).balance == 0


@pytest.mark.parametrize("start", STARTS)
def test_a_period_that_begins_anew_costs_what_the_preview_said(
    shop: Shop, start: int
) -> None:
    price = shop.price(4920, "eur", "month")
    clock, bought = frozen(shop, "NL", start, (price, 3))
    shop.advance(clock, start + 9 * DAY + 7)
    anew: Any = {"billing_cycle_anchor": {"type": "now"}}

    shown = previewed(shop, bought, anew)
    changed = shop.v1.subscriptions.update(bought.id, anew)

    assert facts(shop.invoice_of(changed)) == facts(shown)
    assert items_of(changed)[0].current_period_start == start + 9 * DAY + 7
    assert changed.billing_cycle_anchor == start + 9 * DAY + 7
