"""Comparing customers with Stripe: who is billed, PO number, VAT number."""

from __future__ import annotations

import pytest
import stripe

from billing.models import BillingAccount, BillingProfile, PaymentMethod
from billing.services.customers import begin_tax_number
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.core import clock
from selfservice.portal.services.erasing import erase_person
from tests.portal.reconciling import drift, mended, reconcile

type Client = stripe.StripeClient


def edit(client: Client, profile: BillingProfile, **params: object) -> None:
    """Somebody does it on Stripe's own pages."""
    client.v1.customers.update(profile.stripe_customer_id, params)


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({"name": "Else B.V."}, "name: known here, another at Stripe"),
        ({"email": "else@noordzee.example"}, "e-mail: known here, another at Stripe"),
        (
            {
                "address": {
                    "line1": "Elsewhere 1",
                    "line2": "",
                    "postal_code": "3071 NE",
                    "city": "Rotterdam",
                    "state": "",
                    "country": "NL",
                }
            },
            "address: known here, another at Stripe",
        ),
        (
            {"invoice_settings": {"custom_fields": ""}},
            "PO number: PRJ-2026-118 here, none at Stripe",
        ),
    ],
)
def test_what_was_edited_at_stripe_is_told_and_becomes_ours_again(
    profile: BillingProfile, stripe_client: Client, params: dict[str, object], line: str
) -> None:
    before = stripe_client.v1.customers.retrieve(profile.stripe_customer_id)
    edit(stripe_client, profile, **params)

    told = drift()
    assert told.startswith(f"drift: customer, {line} [{profile.stripe_customer_id}")
    assert "Elsewhere" not in told
    assert mended() == [f"mended: customer, {line}"]

    after = stripe_client.v1.customers.retrieve(profile.stripe_customer_id)
    assert after.to_dict() == before.to_dict()
    assert not Activity.objects.filter(verb__endswith="_changed").exists()


def test_a_vat_number_that_was_taken_off_is_there_again(
    profile: BillingProfile, stripe_client: Client
) -> None:
    customer, number = profile.stripe_customer_id, profile.account.tax_id
    (found,) = stripe_client.v1.customers.tax_ids.list(customer).data
    stripe_client.v1.customers.tax_ids.delete(customer, found.id)

    assert mended() == [f"mended: customer, VAT number: {number} here, none at Stripe"]

    (found,) = stripe_client.v1.customers.tax_ids.list(customer).data
    assert found.value == number


def test_an_invalid_vat_number_is_not_missed_at_stripe(
    profile: BillingProfile, stripe_client: Client
) -> None:
    (found,) = stripe_client.v1.customers.tax_ids.list(profile.stripe_customer_id).data
    stripe_client.v1.customers.tax_ids.delete(profile.stripe_customer_id, found.id)
    BillingAccount.objects.update(tax_id_state="invalid")

    assert reconcile()[0] == 0


def test_a_change_on_its_way_is_no_drift(profile: BillingProfile) -> None:
    BillingAccount.objects.update(tax_id="NL820646660B01")
    begin_tax_number(profile, for_worker=False)

    status, lines = reconcile()

    assert status == 0
    assert lines[0].startswith("under way: customer, VAT number")


def test_somebody_who_was_erased_does_not_come_back(
    profile: BillingProfile, visa: PaymentMethod, anna: User, stripe_client: Client
) -> None:
    User.objects.filter(pk=anna.pk).update(removed_at=clock.now(), is_active=False)
    anna.refresh_from_db()
    erase_person(person=anna)
    edit(stripe_client, profile, name="Anna de Vries")

    assert mended() == ["mended: customer, name: known here, another at Stripe"]

    after = stripe_client.v1.customers.retrieve(profile.stripe_customer_id)
    assert after.name == BillingProfile.objects.get().bill_to_name != "Anna de Vries"
