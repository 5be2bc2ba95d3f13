"""Garbage in the panes of a subscription: refused, and nothing has changed."""

from __future__ import annotations

import pytest
import stripe
from django.test import Client
from django.urls import reverse
from hypothesis import example, given
from hypothesis import strategies as st

from selfservice.accounts.models import User
from selfservice.subscriptions.models import CancelReason, Subscription
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.changing import *
from tests.subscriptions.changing import invoices_at_stripe, read
from tests.subscriptions.garbage import few, keeps, nasty, sent
from tests.subscriptions.trying import *

pytestmark = pytest.mark.usefixtures("moving")


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def pane(subscription: Subscription, name: str) -> str:
    room = "licensing" if name == "quantity" else "subscriptions"
    return reverse(f"{room}:{name}", args=[subscription.pk])


def unchanged(before: Subscription) -> None:
    now = read(before)
    for name in (
        "quantity",
        "scheduled_quantity",
        "recurring_billing",
        "term_end",
        "cancelled_at",
        "trial_extended_at",
        "quantity_after_trial",
        "change_number",
    ):
        assert getattr(now, name) == getattr(before, name), name


@few
@given(
    reason=st.one_of(nasty, st.sampled_from(CancelReason.values)),
    text=nasty,
    seal=nasty,
)
@example(reason="other", text="x" * 2001, seal="")
def test_cancelling(
    web: Client, bought: Subscription, reason: str, text: str, seal: str
) -> None:
    data = {"reason": reason, "feedback": text, "seal": seal}

    for answer in sent(web, pane(bought, "cancel"), data):
        assert answer.status_code == 422
        assert keeps(answer, text)
    unchanged(bought)


@few
@given(
    total=st.one_of(nasty, st.just("15")),
    when=nasty,
    people=st.lists(nasty, max_size=3),
    seal=nasty,
)
def test_the_number_of_licenses(
    web: Client,
    bought: Subscription,
    total: str,
    when: str,
    people: list[str],
    seal: str,
) -> None:
    data = {"total": total, "when": when, "people": people, "seal": seal}

    for answer in sent(web, pane(bought, "quantity"), data):
        assert answer.status_code == 422
        assert keeps(answer, total)
    unchanged(bought)


@few
@given(value=nasty)
def test_recurring_billing_and_frequency(
    web: Client, bought: Subscription, value: str
) -> None:
    for name, field in (("recurring_billing", "recurring"), ("frequency", "plan")):
        for data in ({field: value}, {field: ["on", value]}):
            for answer in sent(web, pane(bought, name), data):
                assert answer.status_code == 422
    unchanged(bought)


@few
@given(action=st.one_of(nasty, st.sampled_from(["quantity", "convert"])), value=nasty)
@example(action="convert", value=".")
@example(action="convert", value="..")
@example(action="quantity", value="100001")
def test_a_trial(web: Client, trial: Subscription, action: str, value: str) -> None:
    data = {"action": action, "quantity": value, "payment": "new", "seal": value}
    data["setup_intent"] = value or "seti_nothing"
    if action == "quantity" and value.strip().isdecimal():
        return
    for answer in sent(web, pane(trial, "trial"), data):
        assert answer.status_code == 422, data
        assert action != "quantity" or keeps(answer, value)
    unchanged(trial)


@few
@given(value=nasty)
def test_what_takes_no_fields_does_what_it_does(
    web: Client, bought: Subscription, value: str
) -> None:
    for name in ("undo_change", "confirm_payment"):
        url = pane(bought, name)
        for data in ({"seal": value}, {}):
            assert {a.status_code for a in sent(web, url, data)} == {302}
    unchanged(bought)


def test_nothing_of_it_was_charged(
    web: Client,
    bought: Subscription,
    stripe_client: stripe.StripeClient,
    sandbox: SandboxProcess,
) -> None:
    for total in ("15", "0", "-3", "100000", "100001"):
        sent(web, pane(bought, "quantity"), {"total": total, "seal": "x:y:z"})

    assert len(invoices_at_stripe(stripe_client, bought)) == 1
    assert read(bought).quantity == 12
