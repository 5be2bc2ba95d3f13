"""What a card that is chosen will be charged, as the pane says it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from selfservice.accounts.models import User
from selfservice.subscriptions.card_wording import next_charge_sentence
from selfservice.subscriptions.models import ScheduledChange
from tests.factories.subscriptions import make_subscription

NOW = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)
MONTH = dt.datetime(2027, 4, 1, 12, tzinfo=dt.UTC)
YEAR = dt.datetime(2028, 2, 1, 12, tzinfo=dt.UTC)
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "monthly": (
        {"period_end": MONTH},
        "The next charge, {all} excl. tax on 1 Apr 2027, goes to the card",
    ),
    "monthly, to its end": (
        {"period_end": MONTH, "recurring_billing": False},
        "The next charge, {all} excl. tax on 1 Apr 2027, goes to the card",
    ),
    "nothing to come": (
        {"period_end": YEAR, "recurring_billing": False},
        "it ends on 1 Feb 2028, and nothing more is charged unless you turn it on.",
    ),
    "right now": (
        {"period_end": NOW - dt.timedelta(hours=1)},
        "The charge of 1 Mar 2027 is under way and may still go to the old card",
    ),
    "a trial": (
        {"period_end": MONTH, "trial_end": MONTH, "term_end": MONTH},
        "When the trial ends on 1 Apr 2027, the first charge, {all} excl. tax,",
    ),
    "a trial that ends": (
        {
            "period_end": MONTH,
            "trial_end": MONTH,
            "term_end": MONTH,
            "recurring_billing": False,
        },
        "The trial ends on 1 Apr 2027, and nothing is charged.",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_next_charge_is_said(anna: User, name: str) -> None:
    fields, said = CASES[name]
    made = make_subscription(anna, quantity=3, **({"term_end": YEAR} | fields))
    with timezone.override("Europe/Amsterdam"):
        sentence = next_charge_sentence(made, None, NOW)
    assert said.format(all=made.price.money * 3) in sentence


def test_what_changes_at_the_renewal_is_what_is_charged_then(anna: User) -> None:
    made = make_subscription(anna, quantity=3, term_end=YEAR, period_end=YEAR)
    change = ScheduledChange(
        subscription=made, quantity=2, price=made.price, takes_effect_at=YEAR
    )
    assert f"{made.price.money * 2} excl. tax" in next_charge_sentence(
        made, change, NOW
    )
    # Months before it, what is charged is what there is.
    made.period_end = MONTH
    assert f"{made.price.money * 3} excl. tax" in next_charge_sentence(
        made, change, NOW
    )
