"""What is heard of so late that it has changed since."""

from __future__ import annotations

import datetime as dt

import pytest

from billing.models import BillingProfile, PaymentMethod
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.catalog.queries import Offer
from selfservice.subscriptions.models import OrderState, QuantityChange
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.changing import *
from tests.subscriptions.changing import pass_time, read, settle
from tests.subscriptions.trying import *
from tests.subscriptions.trying import start

pytestmark = pytest.mark.usefixtures("moving")


def test_a_trial_that_we_hear_of_when_it_is_over_was_one(
    trial_offer: Offer,
    profile: BillingProfile,
    visa: PaymentMethod,
    anna: User,
    sandbox: SandboxProcess,
) -> None:
    sandbox.fault("drop_after", "POST", "/v1/subscriptions", times=3)
    waiting = start(trial_offer, profile, visa, anna, quantity=3)
    assert waiting.order_state == OrderState.PROCESSING
    pass_time(sandbox, dt.timedelta(days=32))

    settle()

    paid = read(waiting)
    assert (paid.is_trial, paid.quantity, paid.assigned) == (False, 3, 1)
    entries = Activity.objects.filter(subject_id=paid.pk).order_by("id")
    told = [(entry.verb, entry.after.get("quantity")) for entry in entries]
    assert told[:2] == [("trial_started", 25), ("licenses_trial", 3)]
    moved = QuantityChange.objects.get(subscription=paid)
    assert (moved.delta, moved.quantity) == (-22, 3)
