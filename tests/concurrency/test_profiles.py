"""Two tabs at once: one edit wins, one profile is made."""

import uuid

import pytest
import stripe

from billing.addresses import PostalAddress
from billing.models import BillingProfile
from billing.models.accounts import address_of
from billing.services.account_changes import ChangedMeanwhile
from billing.services.adding_profiles import NewProfile, add_profile
from billing.services.profile_changes import rename_profile, set_po_number
from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from tests.concurrency.racing import race
from tests.stripe_sandbox import *

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_edits_of_the_same_page_one_is_saved(
    profile: BillingProfile, anna: User
) -> None:
    saved: list[str] = []

    def save(name: str) -> None:
        mine = BillingProfile.objects.get(pk=profile.pk)
        try:
            rename_profile(profile=mine, name=name, version=0, actor=anna)
        except ChangedMeanwhile:
            return
        saved.append(name)

    race([lambda name=name: save(name) for name in ("One", "Two", "Three")])

    profile.refresh_from_db()
    assert saved == [profile.name]
    assert Activity.objects.filter(verb="profile_renamed").count() == 1


def test_of_two_po_numbers_stripe_has_the_one_that_is_shown(
    profile: BillingProfile, anna: User, stripe_client: stripe.StripeClient
) -> None:
    def save(number: str) -> None:
        mine = BillingProfile.objects.get(pk=profile.pk)
        try:
            set_po_number(profile=mine, po_number=number, version=0, actor=anna)
        except ChangedMeanwhile:
            return

    race([lambda number=number: save(number) for number in ("PO-A", "PO-B")])

    profile.refresh_from_db()
    customer = stripe_client.v1.customers.retrieve(profile.stripe_customer_id)
    assert customer.invoice_settings is not None
    (field,) = customer.invoice_settings.custom_fields or []
    assert profile.po_number == field.value


def test_finishing_twice_at_once_makes_one_profile(
    profile: BillingProfile, anna: User, stripe_client: stripe.StripeClient
) -> None:
    new = NewProfile(
        key=uuid.uuid4(),
        name="Projects",
        bill_to_name=profile.bill_to_name,
        email=profile.email,
        bill_to=PostalAddress(**address_of(profile)),
        usage=None,
        po_number="",
        wants_mail=True,
        attach_pdf=True,
        recipients=(),
    )

    race([lambda: add_profile(account=profile.account, new=new, actor=anna)] * 3)

    assert BillingProfile.objects.exclude(pk=profile.pk).count() == 1
    assert Activity.objects.filter(verb="profile_added").count() == 1
    found = stripe_client.v1.customers.list({"email": profile.email})
    ids = [c.metadata.to_dict()["billing_profile"] for c in found.data if c.metadata]
    assert ids.count(str(new.key)) == 1
