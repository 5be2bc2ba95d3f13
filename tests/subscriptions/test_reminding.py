"""What purchasers are told by mail before it happens."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core import mail as outgoing

from selfservice.accounts.models import User
from selfservice.activity.models import Mail
from selfservice.catalog.models import Frequency, Term
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.subscriptions.models import ScheduledChange, Subscription
from selfservice.subscriptions.services import reminding
from selfservice.subscriptions.tasks import remind_by_day
from tests.dates import shown_day
from tests.factories.catalog import make_plan, make_price, make_product
from tests.factories.mail import send_queued
from tests.factories.subscriptions import make_subscription
from tests.subscriptions.changing import DAY, moving, read

__all__ = ["moving"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("moving")]


@pytest.fixture
def yearly() -> Offer:
    return offer(Term.YEAR, Frequency.YEARLY, 4920)


def offer(term: Term, frequency: Frequency, amount_minor: int) -> Offer:
    plan = make_plan(make_product("Diagrams Pro"), term=term, frequency=frequency)
    return Offer(plan, make_price(plan, amount_minor))


def with_days_left(
    purchaser: User, offer: Offer, days: float, **fields: Any
) -> Subscription:
    """A subscription of 12 licenses whose term is over in so many days."""
    made = make_subscription(purchaser, offer=offer, quantity=12)
    ends = clock.now() + dt.timedelta(days=days)
    changed = {"term_end": ends, "period_end": ends} | fields
    Subscription.objects.filter(pk=made.pk).update(**changed)
    return read(made)


def told() -> list[tuple[str, str]]:
    """Every notice as its kind and what tells it apart."""
    rows = Mail.objects.order_by("id").values_list("kind", "period")
    return [(kind, period.split(" ")[-1]) for kind, period in rows]


def text() -> str:
    send_queued()
    (message,) = outgoing.outbox
    return " ".join(str(message.body).replace("\xa0", " ").split())


@pytest.mark.parametrize(
    ("days", "notice"),
    [
        (31, []),
        (29.9, ["30"]),
        (11, ["30"]),
        (9, []),
        (6.9, ["7"]),
        (5, ["7"]),
        (0.1, ["7"]),
        (-1, []),
    ],
)
def test_a_notice_that_was_missed_is_told_while_it_makes_sense(
    anna: User, yearly: Offer, days: float, notice: list[str]
) -> None:
    with_days_left(anna, yearly, days)

    remind_by_day()
    remind_by_day()

    assert told() == [("renewal", name) for name in notice]


def test_a_renewal_is_announced_twice_in_all(anna: User, yearly: Offer) -> None:
    with_days_left(anna, yearly, 31)

    for _day in range(35):
        clock.advance(DAY)
        remind_by_day()

    assert told() == [("renewal", "30"), ("renewal", "7")]


def test_whoever_is_renewed_reads_when_for_how_much_and_how_to_stop_it(
    anna: User, yearly: Offer
) -> None:
    row = with_days_left(anna, yearly, 20)

    remind_by_day()

    end, said = row.term_end, text()
    assert end
    assert f"renewed on {shown_day(end)} with 12 licenses." in said
    assert "Visa •••• 4242 is then charged €590.40 plus tax per year." in said
    assert f"/subscriptions/{row.pk}/recurring-billing/" in said


def test_a_change_at_the_renewal_counts(anna: User, yearly: Offer) -> None:
    row = with_days_left(anna, yearly, 20)
    monthly = make_plan(row.product, term=Term.YEAR, frequency=Frequency.MONTHLY)
    ScheduledChange.objects.create(
        organization_id=row.organization_id,
        subscription=row,
        quantity=3,
        price=make_price(monthly, 500),
        takes_effect_at=row.term_end,
    )

    remind_by_day()

    said = text()
    assert "with 3 licenses. Visa •••• 4242 is then charged €15.00 plus tax" in said
    assert "per month." in said


def test_it_is_said_in_dutch(anna: User, yearly: Offer) -> None:
    User.objects.filter(pk=anna.pk).update(language="nl")
    with_days_left(anna, yearly, 20)

    remind_by_day()

    assert "wordt dan € 590,40 exclusief btw per jaar afgeschreven" in text()


@pytest.mark.parametrize(
    "fields",
    [
        {"recurring_billing": False},
        {"disabled_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
        {"order_state": "dropped"},
    ],
)
def test_what_is_not_renewed_is_not_announced(
    anna: User, yearly: Offer, fields: dict[str, Any]
) -> None:
    with_days_left(anna, yearly, 20, **fields)

    remind_by_day()

    assert told() == []


def test_a_term_of_a_month_is_not_announced(anna: User) -> None:
    with_days_left(anna, offer(Term.MONTH, Frequency.MONTHLY, 500), 5)

    remind_by_day()

    assert told() == []


def test_whoever_left_gets_no_reminder(anna: User, yearly: Offer) -> None:
    with_days_left(anna, yearly, 20)
    User.objects.filter(pk=anna.pk).update(is_active=False)

    remind_by_day()

    assert told() == []


@pytest.mark.parametrize(
    ("days", "notice"),
    [(8, []), (6.9, ["7"]), (2.5, ["7"]), (1.5, []), (0.9, ["1"]), (0.1, ["1"])],
)
def test_the_end_of_a_trial_is_told_7_days_and_1_day_before(
    anna: User, yearly: Offer, days: float, notice: list[str]
) -> None:
    with_days_left(anna, yearly, 300, trial_end=clock.now() + days * DAY)

    remind_by_day()
    remind_by_day()

    assert told() == [("trial_ends", name) for name in notice]


def test_a_trial_says_what_is_charged_afterwards(anna: User, yearly: Offer) -> None:
    with_days_left(anna, yearly, 300, trial_end=clock.now() + 5 * DAY)

    remind_by_day()

    assert (
        "It goes on with 12 licenses, and Visa •••• 4242 is charged €590.40 plus tax"
        " per year." in text()
    )


def test_a_trial_that_ends_says_that_nothing_is_charged(
    anna: User, yearly: Offer
) -> None:
    with_days_left(
        anna,
        yearly,
        300,
        trial_end=clock.now() + 5 * DAY,
        recurring_billing=False,
    )

    remind_by_day()

    assert "and nothing is charged." in text()


def expiring(row: Subscription, by: dt.datetime) -> None:
    card = row.payment_method
    card.exp_year, card.exp_month = by.year, by.month
    card.save()


def test_a_card_that_expires_before_the_next_charge_is_told_once(
    anna: User, yearly: Offer
) -> None:
    monthly = make_plan(
        make_product("Planner"), term=Term.YEAR, frequency=Frequency.MONTHLY
    )
    row = make_subscription(anna, offer=Offer(monthly, make_price(monthly, 500)))
    make_subscription(anna, offer=yearly)
    Subscription.objects.update(period_end=clock.now() + 25 * DAY)
    assert row.period_end
    before = (clock.now() + 25 * DAY).replace(day=1) - DAY
    expiring(row, before)

    remind_by_day()
    clock.advance(DAY)
    remind_by_day()

    assert [kind for kind, _period in told()] == ["card_expires"]
    assert f"valid until {before.month:02d}/{before.year}. On " in text()


@pytest.mark.parametrize("left", [0 * DAY, 31 * DAY])
def test_a_card_that_is_valid_in_the_month_of_the_charge_is_fine(
    anna: User, yearly: Offer, left: dt.timedelta
) -> None:
    row = with_days_left(anna, yearly, 25)
    assert row.term_end
    expiring(row, row.term_end + left)

    reminding.remind_of_cards()

    assert told() == []


def test_a_card_that_is_not_charged_any_more_is_nobodys_business(
    anna: User, yearly: Offer
) -> None:
    row = with_days_left(anna, yearly, 25, recurring_billing=False)
    expiring(row, clock.now() - 40 * DAY)

    remind_by_day()

    assert told() == []


def test_many_are_told_in_batches(
    anna: User, dirk: User, yearly: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminding, "AT_ONCE", 2)
    for purchaser in [anna, dirk, anna, dirk, anna]:
        with_days_left(purchaser, yearly, 20)

    assert reminding.remind_of_everything() == 5
    assert reminding.remind_of_everything() == 0

    assert Mail.objects.filter(kind="renewal").count() == 5
    send_queued()
    assert len(outgoing.outbox) == 5
