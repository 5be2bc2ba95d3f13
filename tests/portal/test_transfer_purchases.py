"""manage.py transfer_purchases."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billing.models import PaymentMethod
from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription
from tests.cast import *
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *
from tests.subscriptions.changing import read, settle
from tests.subscriptions.test_leaving import leave
from tests.subscriptions.test_transferring import brams, brams_card, old

__all__ = ["brams", "brams_card", "old"]
pytestmark = [pytest.mark.usefixtures("moving"), pytest.mark.sandbox_only]
TRIES = 3


def run(giver: User, receiver: User, *more: str) -> str:
    said = StringIO()
    call_command("transfer_purchases", giver.upn, receiver.upn, *more, stdout=said)
    return said.getvalue()


def test_it_says_what_it_does(
    old: Subscription, anna: User, bram: User, brams_card: PaymentMethod
) -> None:
    leave(anna)
    settle()

    said = run(anna, bram)

    assert "12 licenses, 0 assigned: people keep them." in said
    assert "Mastercard •••• 4444 pays from" in said
    assert "went off only because the purchaser left" in said
    assert "Handed over." in said
    assert read(old).purchaser == bram


def test_a_dry_run_does_nothing(
    old: Subscription, anna: User, bram: User, brams_card: PaymentMethod
) -> None:
    give_licenses(make_subscription(bram, old.product), [anna])

    said = run(anna, bram, "--dry-run")

    assert "Would be handed over." in said
    assert "theirs of this one comes free: Anna de Vries." in said
    assert read(old).purchaser == anna


def test_what_can_not_go_stays_and_the_others_go(
    old: Subscription, anna: User, bram: User, brams_card: PaymentMethod
) -> None:
    make_subscription(anna, order_state="confirmed", past_due_since=old.term_start)
    said = StringIO()

    with pytest.raises(CommandError, match="1 of 2 stayed with Anna de Vries"):
        call_command("transfer_purchases", anna.upn, bram.upn, stdout=said)

    assert read(old).purchaser == bram
    assert "Stays with Anna de Vries: " in said.getvalue()


def test_one_can_be_named(
    old: Subscription, anna: User, bram: User, brams_card: PaymentMethod
) -> None:
    other = make_subscription(anna, old.product)

    run(anna, bram, "--subscription", str(old.pk))

    assert read(old).purchaser == bram
    assert read(other).purchaser == anna


def test_while_stripe_is_away_the_worker_goes_on(
    old: Subscription,
    anna: User,
    bram: User,
    brams_card: PaymentMethod,
    sandbox: SandboxProcess,
) -> None:
    sandbox.fault("drop_after", "DELETE", "/v1/subscriptions/", times=TRIES)

    assert "the worker goes on" in run(anna, bram)
    settle()

    assert read(old).purchaser == bram


def test_whose_nothing_is_hands_nothing_over(bram: User, carla: User) -> None:
    with pytest.raises(CommandError, match="has nothing to hand over"):
        run(bram, carla)
    with pytest.raises(CommandError, match="Nobody has"):
        call_command("transfer_purchases", "nobody@nowhere.example", carla.upn)


def test_somebody_elses_subscription_is_not_found(
    old: Subscription, bram: User, carla: User
) -> None:
    with pytest.raises(CommandError, match="has no subscription"):
        run(bram, carla, "--subscription", str(old.pk))
