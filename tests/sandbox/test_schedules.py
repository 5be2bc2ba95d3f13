"""Changes that wait for the end of a period."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import stripe

from tests.sandbox.shop import Shop

DAY = 86_400
# 15 January 2027, 08:00 UTC; a month and a year later.
START, MONTH, YEAR = 1_800_000_000, 1_802_678_400, 1_831_536_000


@dataclasses.dataclass
class Bought:
    """Ten licences on a test clock, and a schedule for them."""

    shop: Shop
    clock: str
    subscription_id: str
    price: str

    def now(self) -> stripe.Subscription:
        return self.shop.v1.subscriptions.retrieve(
            self.subscription_id, {"expand": ["latest_invoice"]}
        )

    def item(self) -> stripe.SubscriptionItem:
        return self.now()["items"].data[0]

    def invoice(self) -> stripe.Invoice:
        latest = self.now().latest_invoice
        assert isinstance(latest, stripe.Invoice)
        return latest

    def go(self, to: int) -> None:
        # A test clock moves by two months at most.
        if to > MONTH + 3600:
            self.shop.advance(self.clock, MONTH + 3600)
        self.shop.advance(self.clock, to)

    def schedule(self) -> stripe.SubscriptionSchedule:
        return self.shop.v1.subscription_schedules.create(
            {"from_subscription": self.subscription_id}
        )

    def plan(
        self, made: stripe.SubscriptionSchedule, then: dict[str, Any], **more: Any
    ) -> stripe.SubscriptionSchedule:
        """As it is to the end of the current phase, and `then` for a month."""
        now = made.phases[0]
        first = {
            "start_date": now.start_date,
            "end_date": now.end_date,
            "items": [{"price": str(now["items"][0].price), "quantity": 10}],
        }
        last = {"duration": {"interval": "month"}, **then}
        return self.shop.v1.subscription_schedules.update(
            made.id,
            {"phases": [first, last], **more},
        )


def buy(shop: Shop, interval: str, **more: Any) -> Bought:
    clock = shop.clock(START)
    customer = shop.customer("NL", card="pm_card_visa", test_clock=clock)
    price = shop.price(1000, interval=interval)
    found = shop.subscribe(customer.id, price, 10, **more)
    return Bought(shop, clock, found.id, price)


@pytest.fixture
def bought(shop: Shop) -> Bought:
    return buy(shop, "month")


def test_a_schedule_begins_with_what_runs_now(shop: Shop, bought: Bought) -> None:
    made = bought.schedule()

    phase = made.phases[0]
    assert (made.status, made.end_behavior, made.subscription) == (
        "active",
        "release",
        bought.subscription_id,
    )
    assert (phase.start_date, phase.end_date) == (START, MONTH)
    assert (phase["items"][0].price, phase["items"][0].quantity) == (bought.price, 10)
    assert bought.now().schedule == made.id
    customer = str(made.customer)
    found = shop.v1.subscription_schedules.list({"customer": customer}).data
    assert [each.id for each in found] == [made.id]


def test_the_renewal_charges_the_next_phases_quantity(
    shop: Shop, bought: Bought
) -> None:
    made = bought.schedule()
    bought.plan(made, {"items": [{"price": bought.price, "quantity": 4}]})
    bought.go(MONTH - 1)
    assert bought.item().quantity == 10

    bought.go(MONTH + 3600)

    assert (bought.item().quantity, bought.now().schedule) == (4, made.id)
    assert (bought.invoice().subtotal, bought.invoice().status) == (4000, "paid")
    assert len(bought.invoice().lines.data) == 1
    current = shop.v1.subscription_schedules.retrieve(made.id).current_phase
    assert current
    assert current.start_date == MONTH


def test_after_its_last_phase_it_lets_go(shop: Shop, bought: Bought) -> None:
    made = bought.schedule()
    bought.plan(made, {"items": [{"price": bought.price, "quantity": 4}]})

    bought.go(MONTH + 32 * DAY)

    after = shop.v1.subscription_schedules.retrieve(made.id)
    assert (after.status, after.subscription, after.released_subscription) == (
        "released",
        None,
        bought.subscription_id,
    )
    assert (bought.now().status, bought.now().schedule) == ("active", None)
    assert (bought.item().quantity, bought.invoice().subtotal) == (4, 4000)
    told = [each.type for each in shop.events() if "schedule" in each.type]
    assert told == [
        "subscription_schedule.released",
        "subscription_schedule.updated",
        "subscription_schedule.updated",
        "subscription_schedule.created",
    ]


def test_months_become_years_at_the_end_of_a_month(shop: Shop, bought: Bought) -> None:
    yearly = shop.price(10_000, interval="year")
    item = {"price": yearly, "quantity": 7}
    bought.plan(bought.schedule(), {"items": [item], "duration": {"interval": "year"}})

    bought.go(MONTH + 3600)

    now = bought.item()
    assert (now.price.id, now.quantity, now.plan.interval) == (yearly, 7, "year")
    assert (now.current_period_start, now.current_period_end) == (
        MONTH,
        MONTH + 365 * DAY,
    )
    assert bought.now().billing_cycle_anchor == MONTH
    assert (bought.invoice().subtotal, bought.invoice().status) == (70_000, "paid")


def test_a_years_end_can_be_months_away(shop: Shop, bought: Bought) -> None:
    made = bought.schedule()
    item = {"price": bought.price, "quantity": 10}
    later = START + 59 * DAY
    first = {"start_date": START, "end_date": later, "items": [item]}
    fewer = {**item, "quantity": 3}

    shop.v1.subscription_schedules.update(
        made.id,
        {
            "phases": [
                first,
                {"items": [fewer], "duration": {"interval": "month"}},
            ]
        },
    )
    bought.go(later - DAY)
    assert bought.item().quantity == 10
    shop.advance(bought.clock, later + 3600)

    assert (bought.item().quantity, bought.invoice().subtotal) == (3, 3000)


def test_a_phase_adds_its_metadata(bought: Bought) -> None:
    then = {
        "items": [{"price": bought.price, "quantity": 4, "metadata": {"row": "7"}}],
        "metadata": {"change": "9"},
    }
    bought.plan(bought.schedule(), then)

    bought.go(MONTH + 1)

    found = bought.now().metadata
    assert found.to_dict() == {"change": "9"}
    assert bought.item().metadata.to_dict() == {"row": "7"}


def test_a_released_schedule_changes_nothing(shop: Shop, bought: Bought) -> None:
    made = bought.schedule()
    bought.plan(made, {"items": [{"price": bought.price, "quantity": 4}]})

    done = shop.v1.subscription_schedules.release(made.id)
    bought.go(MONTH + 3600)

    assert (done.status, bought.now().schedule) == ("released", None)
    assert (bought.item().quantity, bought.invoice().subtotal) == (10, 10_000)
    with pytest.raises(stripe.InvalidRequestError, match="in the `released` status"):
        shop.v1.subscription_schedules.release(made.id)


def test_it_can_end_the_subscription(shop: Shop, bought: Bought) -> None:
    made = bought.schedule()
    item = {"price": bought.price, "quantity": 4}
    bought.plan(made, {"items": [item]}, end_behavior="cancel")
    ends = bought.now().cancel_at
    assert ends == MONTH + 28 * DAY

    bought.go(ends + 3600)

    after = shop.v1.subscription_schedules.retrieve(made.id)
    assert (after.status, after.completed_at) == ("completed", ends)
    assert (bought.now().status, bought.now().ended_at) == ("canceled", ends)
    assert bought.invoice().period_end == MONTH


def test_releasing_it_takes_its_end_back(shop: Shop, bought: Bought) -> None:
    made = bought.schedule()
    schedules = shop.v1.subscription_schedules
    schedules.update(made.id, {"end_behavior": "cancel"})
    assert bought.now().cancel_at == MONTH

    schedules.release(made.id)

    assert bought.now().cancel_at is None


def test_an_end_that_was_set_before_stays(shop: Shop, bought: Bought) -> None:
    shop.v1.subscriptions.update(bought.subscription_id, {"cancel_at_period_end": True})

    made = bought.schedule()
    shop.v1.subscription_schedules.release(made.id, {"preserve_cancel_date": True})

    assert made.end_behavior == "cancel"
    assert bought.now().cancel_at == MONTH


def test_cancelling_the_subscription_cancels_the_schedule(
    shop: Shop, bought: Bought
) -> None:
    made = bought.schedule()

    ended = shop.v1.subscriptions.cancel(bought.subscription_id)

    assert (ended.status, ended.schedule) == ("canceled", None)
    assert shop.v1.subscription_schedules.retrieve(made.id).status == "canceled"
    assert len(shop.events("subscription_schedule.canceled")) == 1


def test_cancelling_the_schedule_cancels_the_subscription(
    shop: Shop, bought: Bought
) -> None:
    made = bought.schedule()

    done = shop.v1.subscription_schedules.cancel(
        made.id, {"invoice_now": False, "prorate": False}
    )

    assert (done.status, bought.now().status) == ("canceled", "canceled")


def test_a_subscription_has_one_schedule(shop: Shop, bought: Bought) -> None:
    made = bought.schedule()

    with pytest.raises(stripe.InvalidRequestError, match="already attached") as error:
        bought.schedule()

    assert made.id in str(error.value)


def test_nothing_else_is_set_with_a_subscription(shop: Shop, bought: Bought) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="from_subscription"):
        shop.v1.subscription_schedules.create(
            {"from_subscription": bought.subscription_id, "end_behavior": "cancel"}
        )


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        ({"start_date": START + 1}, {}, "modify the start date"),
        ({"start_date": "now"}, {}, "modify the start date"),
        ({"end_date": START}, {}, "after its start"),
        ({"duration": {"interval": "month"}}, {}, "only specify one"),
        ({}, {"start_date": MONTH + 1}, "end date of the one before"),
        ({}, {"end_date": MONTH}, "after its start"),
        ({"end_date": MONTH - DAY}, {}, "prorates nothing"),
        ({}, {"items": []}, "Missing required param"),
        ({}, {"coupon": "x"}, "unknown parameter"),
    ],
)
def test_phases_that_do_not_fit_are_refused(
    shop: Shop, bought: Bought, first: Any, then: Any, message: str
) -> None:
    made = bought.schedule()
    item = {"price": bought.price, "quantity": 10}
    now = {"start_date": START, "end_date": MONTH, "items": [item], **first}
    later = {"items": [{**item, "quantity": 4}], **then}
    if "end_date" not in later:
        later["duration"] = {"interval": "month"}

    with pytest.raises(stripe.InvalidRequestError, match=message):
        shop.v1.subscription_schedules.update(made.id, {"phases": [now, later]})

    kept = shop.v1.subscription_schedules.retrieve(made.id)
    assert len(kept.phases) == 1


def test_a_trial_goes_on_when_its_end_is_given(shop: Shop) -> None:
    bought = buy(shop, "month", trial_period_days=14)
    made = bought.schedule()
    ends = START + 14 * DAY
    item = {"price": bought.price, "quantity": 10}
    fewer = {"items": [{**item, "quantity": 2}], "duration": {"interval": "month"}}
    first = {"start_date": START, "end_date": ends, "items": [item]}
    schedules = shop.v1.subscription_schedules

    with pytest.raises(stripe.InvalidRequestError, match="trial"):
        schedules.update(made.id, {"phases": [first, fewer]})
    schedules.update(made.id, {"phases": [{**first, "trial_end": ends}, fewer]})
    bought.go(ends + 3600)

    assert (bought.now().status, bought.item().quantity) == ("active", 2)
    assert bought.invoice().subtotal == 2000


def test_an_end_of_its_own_is_refused_while_a_schedule_decides(
    shop: Shop, bought: Bought
) -> None:
    bought.schedule()

    with pytest.raises(stripe.InvalidRequestError, match="update the schedule instead"):
        shop.v1.subscriptions.update(bought.subscription_id, {"cancel_at": MONTH + DAY})
    with pytest.raises(stripe.InvalidRequestError, match="update the schedule instead"):
        shop.v1.subscriptions.update(
            bought.subscription_id, {"cancel_at_period_end": True}
        )


def test_an_update_changes_what_runs_now_and_not_what_is_to_come(
    shop: Shop, bought: Bought
) -> None:
    made = bought.schedule()
    bought.plan(made, {"items": [{"price": bought.price, "quantity": 4}]})

    shop.v1.subscriptions.update(
        bought.subscription_id,
        {
            "items": [{"id": bought.item().id, "quantity": 12}],
            "proration_behavior": "none",
        },
    )

    phases = shop.v1.subscription_schedules.retrieve(made.id).phases
    assert [phase["items"][0].quantity for phase in phases] == [12, 4]
    bought.go(MONTH + 3600)
    assert (bought.item().quantity, bought.invoice().subtotal) == (4, 4000)


@pytest.mark.parametrize("interval", ["month", "year"])
def test_a_preview_shows_what_the_renewal_will_charge(
    shop: Shop, bought: Bought, interval: str
) -> None:
    price = bought.price if interval == "month" else shop.price(9000, interval="year")
    then = {
        "items": [{"price": price, "quantity": 4}],
        "duration": {"interval": interval},
    }
    bought.plan(bought.schedule(), then)

    shown = shop.v1.invoices.create_preview({"subscription": bought.subscription_id})
    bought.go(MONTH + 3600)

    real = bought.invoice()
    assert bought.item().quantity == 4
    assert (shown.total, shown.amount_due) == (real.total, real.amount_paid)
    assert shown.lines.data[0].period.end == real.lines.data[0].period.end
