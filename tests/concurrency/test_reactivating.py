"""One reactivation, pressed by several at the same moment, and beside other work."""

from __future__ import annotations

import pytest
import stripe

from billing.models import PaymentMethod
from licensing.queries import miscounted
from licensing.services.assigning import assign_licenses
from licensing.services.suspending import suspend_disabled
from selfservice.accounts.models import User
from selfservice.subscriptions.models import NextContract
from selfservice.subscriptions.services.contract import sync_subscription
from selfservice.subscriptions.services.reactivating import (
    preview_reactivation,
    reactivate,
)
from tests.concurrency.racing import failures, race
from tests.factories.accounts import make_user
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription
from tests.stripe_sandbox import *
from tests.subscriptions.changing import *
from tests.subscriptions.reactivating import *
from tests.subscriptions.reactivating import Pane, cancel_at_once, confirm_at_the_bank
from tests.subscriptions.test_reactivating import check_running
from tests.subscriptions.trying import *

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox_only]


def test_four_presses_are_one_new_term(
    pane: Pane, visa: PaymentMethod, stripe_client: stripe.StripeClient
) -> None:
    row = cancel_at_once(pane)
    seal = preview_reactivation(subscription=row).seal

    said = race([lambda: reactivate(subscription=pane.row, seal=seal, card=visa)] * 4)

    assert len(failures(said)) == 3
    assert NextContract.objects.count() == 1
    check_running(pane, stripe_client)


def test_licenses_come_back_while_they_are_assigned_elsewhere_and_suspended(
    pane: Pane, asking: PaymentMethod, anna: User, stripe_client: stripe.StripeClient
) -> None:
    people = [make_user(anna.organization, f"Person {n}") for n in range(6)]
    give_licenses(pane.row, people)
    row = cancel_at_once(pane)
    other = make_subscription(anna, row.product, profile=row.profile)
    pane.press(asking)
    confirm_at_the_bank(pane)
    stripe_id = NextContract.objects.get().stripe_subscription_id
    suspend_disabled()

    def assign() -> None:
        assign_licenses(
            actor=anna,
            purchaser=anna,
            product_id=other.product_id,
            people=[person.pk for person in people[:3]],
        )

    said = race([assign, lambda: sync_subscription(stripe_id), suspend_disabled])

    # Whoever came second found that they have one; nobody has two, nothing broke.
    assert [type(error).__name__ for error in failures(said)] in ([], ["CannotAssign"])
    assert miscounted() == []
    assert pane.row.assigned in {4, 7}
    check_running(pane, stripe_client)
