"""What was changed of a profile and is still on its way stands on the next invoice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import stripe
from django.test import Client

from billing.gateway import GatewayUnavailable
from billing.models import BillingAccount, BillingProfile, PaymentMethod
from billing.services.account_changes import set_tax_id
from billing.services.customers import Outcome, unsettled_of
from billing.services.invoices import sync_invoice
from billing.services.paying import pay_invoice
from billing.services.profile_changes import set_po_number
from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.quantity import (
    preview_quantity,
    save_quantity,
)
from selfservice.subscriptions.services.trials import convert, preview_conversion
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.changing import *
from tests.subscriptions.changing import (
    UPDATE,
    catch_up,
    invoices_at_stripe,
    quantity_at_stripe,
    read,
)
from tests.subscriptions.paying import *
from tests.subscriptions.reactivating import Pane, expire
from tests.subscriptions.trying import *

PO = "PO-2027-8"
TAX_NUMBER = "NL820646660B01"
type Lose = Callable[[], None]


@pytest.fixture
def po_number_waits(profile: BillingProfile, sandbox: SandboxProcess) -> Lose:
    """Another PO number is typed, and Stripe doesn't get it."""

    def lose() -> None:
        profile.refresh_from_db()
        path = f"/v1/customers/{profile.stripe_customer_id}"
        sandbox.fault("drop_before", "POST", path, times=3)
        said = set_po_number(
            profile=profile,
            po_number=PO,
            version=profile.version,
            actor=profile.purchaser,
        )
        assert said == Outcome.CHECKING

    return lose


@pytest.fixture
def tax_number_waits(profile: BillingProfile, sandbox: SandboxProcess) -> Lose:
    """Another VAT number is typed, and Stripe doesn't get it."""

    def lose() -> None:
        path = f"/v1/customers/{profile.stripe_customer_id}/tax_ids"
        sandbox.fault("drop_before", "POST", path, times=3)
        account = profile.account
        said = set_tax_id(
            account=account,
            tax_id=TAX_NUMBER,
            version=account.version,
            actor=profile.purchaser,
        )
        assert said == Outcome.CHECKING

    return lose


def po_of(invoice: stripe.Invoice) -> list[str]:
    return [field.value for field in invoice.custom_fields or []]


def test_added_licenses(
    bought: Subscription, po_number_waits: Lose, stripe_client: stripe.StripeClient
) -> None:
    po_number_waits()

    shown = preview_quantity(subscription=bought, quantity=15)
    save_quantity(subscription=read(bought), quantity=15, seal=shown.seal)

    newest, first = invoices_at_stripe(stripe_client, bought)
    assert (po_of(newest), po_of(first)) == ([PO], ["PRJ-2026-118"])


def test_changed_between_the_amount_and_save(
    bought: Subscription, po_number_waits: Lose, stripe_client: stripe.StripeClient
) -> None:
    shown = preview_quantity(subscription=bought, quantity=15)
    po_number_waits()

    save_quantity(subscription=read(bought), quantity=15, seal=shown.seal)

    assert po_of(invoices_at_stripe(stripe_client, bought)[0]) == [PO]


def test_nothing_is_charged_while_stripe_does_not_take_it(
    bought: Subscription,
    po_number_waits: Lose,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
) -> None:
    shown = preview_quantity(subscription=bought, quantity=15)
    po_number_waits()
    sandbox.fault("drop_before", "POST", "/v1/customers/", times=3)

    with pytest.raises(GatewayUnavailable):
        save_quantity(subscription=read(bought), quantity=15, seal=shown.seal)

    assert quantity_at_stripe(stripe_client, bought) == 12
    assert not sandbox.calls("POST", UPDATE)
    sandbox.order("faults/clear")
    save_quantity(subscription=read(bought), quantity=15, seal=shown.seal)
    assert po_of(invoices_at_stripe(stripe_client, bought)[0]) == [PO]


def test_a_tax_number_is_there_before_an_amount_is_shown(
    bought: Subscription, tax_number_waits: Lose, stripe_client: stripe.StripeClient
) -> None:
    tax_number_waits()

    preview_quantity(subscription=bought, quantity=15)

    known = stripe_client.v1.customers.tax_ids.list(bought.profile.stripe_customer_id)
    assert [each.value for each in known.data] == [TAX_NUMBER]


def test_what_stripe_refuses_of_it_holds_nothing_up(
    bought: Subscription, tax_number_waits: Lose
) -> None:
    tax_number_waits()
    BillingAccount.objects.update(tax_id="NL12")

    shown = preview_quantity(subscription=bought, quantity=15)

    assert shown.charge
    assert not unsettled_of(bought.profile).exists()


def test_a_trial_that_is_paid_for_early(
    moving: None,
    trial: Subscription,
    po_number_waits: Lose,
    stripe_client: stripe.StripeClient,
) -> None:
    po_number_waits()

    shown = preview_conversion(subscription=trial)
    assert trial.payment_method
    convert(subscription=read(trial), seal=shown.seal, card=trial.payment_method)

    assert po_of(invoices_at_stripe(stripe_client, trial)[0]) == [PO]


def test_reactivating(
    moving: None,
    bought: Subscription,
    client: Client,
    anna: User,
    sandbox: SandboxProcess,
    po_number_waits: Lose,
    stripe_client: stripe.StripeClient,
) -> None:
    client.force_login(anna)
    pane = Pane(client, bought)
    expire(pane, sandbox)
    po_number_waits()

    pane.press()

    assert pane.state == "active"
    assert po_of(invoices_at_stripe(stripe_client, pane.row)[0]) == [PO]


def test_paying_by_hand(
    unpaid: Subscription,
    visa: PaymentMethod,
    po_number_waits: Lose,
    stripe_client: stripe.StripeClient,
) -> None:
    """The invoice is final, so it keeps its words; its receipt has today's."""
    owed = sync_invoice(str(invoices_at_stripe(stripe_client, unpaid)[0].id))
    assert owed
    po_number_waits()

    pay_invoice(invoice=owed, card=visa, attempt=0)

    customer = stripe_client.v1.customers.retrieve(visa.profile.stripe_customer_id)
    assert customer.invoice_settings
    fields = customer.invoice_settings.custom_fields or []
    assert [field.value for field in fields] == [PO]
    assert catch_up(unpaid).past_due_since is None
