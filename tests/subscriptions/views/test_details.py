"""A subscription's page is true in every state, also the part that is read again."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.dates import shown_day
from tests.factories.subscriptions import make_subscription
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *
from tests.subscriptions.changing import DAY, catch_up, pass_time, pay_with
from tests.subscriptions.living import words

pytestmark = pytest.mark.usefixtures("moving")
PART = {"HX-Request": "true", "HX-Target": "details"}


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def page(web: Client, subscription: Subscription) -> str:
    return words(web.get(f"/subscriptions/{subscription.pk}/").content.decode())


def days_ago(days: float) -> dt.datetime:
    return clock.now() - DAY * days


def test_canceled_at_once_it_says_nothing_of_what_never_comes(
    web: Client, anna: User
) -> None:
    ended = make_subscription(
        anna,
        term_start=days_ago(6),
        disabled_at=days_ago(1),
        recurring_billing=False,
    )

    said = page(web, ended)

    assert f"{shown_day(days_ago(6))} – {shown_day(days_ago(1))}" in said
    assert f"Disabled {shown_day(days_ago(1))} 90 days, no access" in said
    for never in (
        "still usable",
        "Expires on",
        "Ends in",
        "Next charge",
        "Cancel subs",
    ):
        assert never not in said, never


@pytest.mark.parametrize(("renews", "dashed"), [(True, 3), (False, 0)])
def test_only_what_may_not_come_is_dashed(
    web: Client, anna: User, renews: bool, dashed: int
) -> None:
    running = make_subscription(anna, recurring_billing=renews)

    html = web.get(f"/subscriptions/{running.pk}/").content.decode()

    assert html.count('<li class="maybe"') == dashed
    assert ("The dashed steps" in words(html)) == renews


def test_past_due_it_says_until_when_and_how_to_pay(web: Client, anna: User) -> None:
    unpaid = make_subscription(anna, past_due_since=days_ago(3), term_start=days_ago(3))

    said = page(web, unpaid)

    ends = shown_day(days_ago(3 - 30))
    assert "The last payment failed." in said
    assert f"Pay by {ends}, with Visa •••• 4242 or another card" in said
    assert "Ends in 27 days" in said
    assert f"Disabled {ends} 90 days, no access" in said
    assert "still usable" not in said


def test_pay_now_leads_to_the_invoice_that_is_open(
    web: Client, bought: Subscription, stripe_client: object, sandbox: object
) -> None:
    pay_with(stripe_client, bought, "pm_card_chargeCustomerFail")
    pass_time(sandbox, DAY * 366)
    catch_up(bought)

    answer = web.post(f"/subscriptions/{bought.pk}/pay/")

    assert answer.status_code == 302
    assert "/i/" in answer["Location"]


def test_nothing_to_pay_leads_back(web: Client, anna: User) -> None:
    paid = make_subscription(anna)

    answer = web.post(f"/subscriptions/{paid.pk}/pay/")

    assert answer["Location"] == f"/subscriptions/{paid.pk}/"


def test_canceled_for_later_it_can_be_taken_back(web: Client, anna: User) -> None:
    ending = make_subscription(
        anna, recurring_billing=False, cancelled_at=clock.now(), term_start=days_ago(9)
    )
    assert ending.term_end is not None

    said = page(web, ending)

    assert f"Canceled on {shown_day(clock.now())}." in said
    assert f"It can be used until {shown_day(ending.term_end)}" in said
    assert "Turn recurring billing on" in said


def test_what_is_read_again_has_the_state_and_the_buttons(
    web: Client, anna: User
) -> None:
    ended = make_subscription(anna, disabled_at=clock.now(), recurring_billing=False)

    part = words(web.get(f"/subscriptions/{ended.pk}/", headers=PART).content.decode())

    assert "Disabled" in part.partition("Licenses")[0]
    assert "Buy licenses" not in part


def test_none_at_all_leads_to_cancelling(web: Client, anna: User) -> None:
    bought = make_subscription(anna)

    answer = web.get(f"/subscriptions/{bought.pk}/licenses/", {"total": 0})

    assert f'href="/subscriptions/{bought.pk}/cancel/"' in answer.content.decode()


def test_to_which_nothing_has_happened_it_says_so(web: Client, anna: User) -> None:
    ends = clock.now() + DAY * 5
    trial = make_subscription(
        anna,
        trial_end=ends,
        term_end=ends,
        period_end=ends,
        quantity_after_trial=3,
        stripe_status="trialing",
    )

    said = page(web, trial)

    assert "Nothing is charged during the trial, so there is no invoice yet." in said
    assert "Nothing yet. What is done from now on stands here." in said
