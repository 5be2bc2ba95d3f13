"""A write to Stripe ends succeeded or refused, however its answer got lost."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import stripe
from django.utils import timezone

from billing import gateway
from billing.models import BillingAccount, BillingProfile, StripeOperation
from billing.services import cards, operations
from billing.services.accounts import open_account
from selfservice.accounts.models import User
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import SOLD_TO

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox_only]


def make_due(age: dt.timedelta = dt.timedelta()) -> None:
    """As if the leases had run out, and the rows were written `age` ago."""
    now = timezone.now()
    StripeOperation.objects.update(leased_until=now, created_at=now - age)


def customers(client: stripe.StripeClient) -> int:
    return len(client.v1.customers.list().data)


def open_without_answer(anna: User, sandbox: SandboxProcess, kind: str) -> None:
    """Every try of the client's goes the same way."""
    sandbox.fault(kind, "POST", "/v1/customers", times=3)
    with pytest.raises(gateway.GatewayUnavailable):
        open_account(purchaser=anna, sold_to=SOLD_TO)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "500_after"])
def test_a_lost_answer_is_unknown_until_the_sweep_found_out(
    anna: User,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
    kind: str,
) -> None:
    open_without_answer(anna, sandbox, kind)
    operation = StripeOperation.objects.get()
    assert (operation.state, operation.attempts) == ("unknown", 1)

    make_due()
    operations.sweep()

    operation.refresh_from_db()
    assert (operation.state, operation.attempts) == ("succeeded", 2)
    assert BillingProfile.objects.get().stripe_customer_id == operation.result_id
    assert customers(stripe_client) == 1


def test_after_a_day_what_was_done_is_found_by_our_id_in_it(
    anna: User, sandbox: SandboxProcess, stripe_client: stripe.StripeClient
) -> None:
    open_without_answer(anna, sandbox, "drop_after")
    # Stripe has forgotten the key: the same one would be a new call.
    StripeOperation.objects.update(key="customer-forgotten")

    make_due(dt.timedelta(days=2))
    operations.sweep()

    assert StripeOperation.objects.get().state == "succeeded"
    assert customers(stripe_client) == 1


def test_a_key_that_was_used_for_something_else_is_settled_by_proof(
    anna: User, sandbox: SandboxProcess, stripe_client: stripe.StripeClient
) -> None:
    open_without_answer(anna, sandbox, "drop_after")
    BillingProfile.objects.update(name="Noordzee Advies B.V.")

    make_due()
    operations.sweep()

    assert StripeOperation.objects.get().state == "succeeded"
    assert BillingAccount.objects.count() == 1
    assert customers(stripe_client) == 1


def test_what_lapses_is_not_done_a_day_late(
    profile: BillingProfile, sandbox: SandboxProcess
) -> None:
    sandbox.fault("drop_before", "POST", "/v1/setup_intents", times=3)
    with pytest.raises(gateway.GatewayUnavailable):
        cards.begin_card_setup(profile=profile)

    make_due(dt.timedelta(hours=24))
    sandbox.order("faults/clear")
    operations.sweep()

    late = StripeOperation.objects.get(kind="setup_intent.create")
    assert late.state == "refused"
    assert "given up" in late.error
    assert sandbox.calls("POST", "/v1/setup_intents") == []


def test_one_that_cannot_be_applied_does_not_keep_others_waiting(
    anna: User, sandbox: SandboxProcess, stripe_client: stripe.StripeClient
) -> None:
    open_without_answer(anna, sandbox, "drop_before")
    lost = operations.begin(
        kind="customer.create",
        key="customer-of-nobody",
        organization_id=anna.organization_id,
        subject_id=uuid.uuid4(),
    )

    make_due()
    operations.sweep()

    lost.refresh_from_db()
    assert lost.state == "unknown"
    assert "DoesNotExist" in lost.error
    assert StripeOperation.objects.exclude(pk=lost.pk).get().state == "succeeded"
