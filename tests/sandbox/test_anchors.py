"""A subscription that begins with a free stretch up to its anchor."""

from __future__ import annotations

import datetime as dt

import pytest
import stripe

from tests.sandbox.shop import Shop

DAY = 86_400


def config(instant: dt.datetime, **more: int) -> dict[str, int]:
    return {
        "day_of_month": instant.day,
        "hour": instant.hour,
        "minute": instant.minute,
        "second": instant.second,
        **more,
    }


def begin(shop: Shop, price_id: str, **more: object) -> stripe.Subscription:
    customer = shop.customer(card="pm_card_visa")
    return shop.subscribe(customer.id, price_id, 3, proration_behavior="none", **more)


def period(found: stripe.Subscription) -> tuple[int, int]:
    item = found["items"].data[0]
    return item.current_period_start, item.current_period_end


def now(shop: Shop) -> dt.datetime:
    return dt.datetime.fromtimestamp(shop.v1.customers.list().data[0].created, dt.UTC)


def test_it_is_active_and_nothing_is_charged(shop: Shop) -> None:
    shop.customer()
    anchor = now(shop) + dt.timedelta(days=10)
    since = int((now(shop) - dt.timedelta(days=15)).timestamp())

    made = begin(
        shop,
        shop.price(),
        billing_cycle_anchor_config=config(anchor, month=anchor.month),
        backdate_start_date=since,
    )

    assert made.status == "active"
    assert made.latest_invoice is None
    assert period(made) == (since, int(anchor.timestamp()))
    assert made.start_date == since
    assert shop.v1.invoices.list({"customer": str(made.customer)}).data == []


@pytest.mark.parametrize(
    "more",
    [
        {"proration_behavior": "create_prorations"},
        {"backdate_start_date": 4_000_000_000},
    ],
)
def test_what_is_not_built_is_refused(shop: Shop, more: dict[str, object]) -> None:
    shop.customer()
    anchor = now(shop) + dt.timedelta(days=10)

    with pytest.raises(stripe.InvalidRequestError):
        shop.subscribe(
            shop.customer(card="pm_card_visa").id,
            shop.price(),
            3,
            **{
                "billing_cycle_anchor_config": config(anchor, month=anchor.month),
                "proration_behavior": "none",
                **more,
            },
        )


def test_backdating_without_an_anchor_is_refused(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        begin(shop, shop.price(), backdate_start_date=1_700_000_000)
