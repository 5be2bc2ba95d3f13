"""Checkout with several billing profiles: which one is billed, with which card."""

import uuid

import pytest
import stripe
from django.test import Client

from billing.addresses import PostalAddress
from billing.models import BillingProfile, Invoice, PaymentMethod
from billing.models.accounts import address_of
from billing.services.adding_profiles import NewProfile, add_profile
from billing.services.customers import party_of
from billing.services.profile_changes import set_po_number
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.subscriptions.models import Subscription
from tests.factories.subscriptions import make_profile
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import enter_card
from tests.subscriptions.views.test_checkout import KEY, page_of, seal_in, shown

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


@pytest.fixture
def second(profile: BillingProfile, anna: User) -> BillingProfile:
    new = NewProfile(
        key=uuid.uuid4(),
        name="Projects",
        bill_to_name=party_of(profile).name,
        email=profile.email,
        bill_to=PostalAddress(**address_of(profile)),
        usage=None,
        po_number="PO-2",
        wants_mail=False,
        attach_pdf=False,
        recipients=(),
    )
    return add_profile(account=profile.account, new=new, actor=anna)[0]


@pytest.fixture
def mastercard(
    second: BillingProfile, stripe_client: stripe.StripeClient
) -> PaymentMethod:
    return enter_card(stripe_client, second, "pm_card_mastercard")


def form_for(
    web: Client, offer: Offer, profile: BillingProfile, card: PaymentMethod
) -> dict[str, str]:
    query = {"order": str(KEY), "quantity": "12", "profile": str(profile.pk)}
    html = shown(web.get(page_of(offer), query))
    return {
        **query,
        "plan": str(offer.plan.pk),
        "payment": str(card.pk),
        "quote": seal_in(html),
        "terms": "on",
        "assign_to_me": "on",
        "action": "place",
    }


def test_the_oldest_is_proposed_and_every_one_can_be_chosen(
    web: Client, diagrams: Offer, visa: PaymentMethod, mastercard: PaymentMethod
) -> None:
    html = shown(web.get(page_of(diagrams), {"order": str(KEY)}))

    assert f'value="{visa.profile_id}" checked' in html
    assert f'value="{mastercard.profile_id}"' in html
    assert "Mastercard" not in html


def test_another_profile_brings_its_cards(
    web: Client, diagrams: Offer, visa: PaymentMethod, mastercard: PaymentMethod
) -> None:
    form = form_for(web, diagrams, visa.profile, visa)
    chosen = {**form, "profile": str(mastercard.profile_id), "action": "update"}

    html = shown(web.post(page_of(diagrams), {**chosen, "quantity": "7"}))

    assert f'value="{mastercard.profile_id}" checked' in html
    assert f'value="{mastercard.pk}" checked' in html
    assert str(visa.pk) not in html
    assert 'value="7"' in html
    assert f"/billing/card-setup/{mastercard.profile_id}" in html or (
        str(mastercard.profile_id) in html.split("data-start=")[1].split('"')[1]
    )


def test_the_chosen_profile_is_billed(
    web: Client, diagrams: Offer, visa: PaymentMethod, mastercard: PaymentMethod
) -> None:
    form = form_for(web, diagrams, mastercard.profile, mastercard)

    answer = web.post(page_of(diagrams), form)

    assert answer.status_code == 302
    bought = Subscription.objects.get()
    assert bought.profile_id == mastercard.profile_id
    invoice = Invoice.objects.get()
    assert (invoice.profile_name, invoice.po_number) == ("Projects", "PO-2")


def test_a_card_of_another_profile_is_refused(
    web: Client, diagrams: Offer, visa: PaymentMethod, mastercard: PaymentMethod
) -> None:
    form = form_for(web, diagrams, mastercard.profile, visa)

    assert web.post(page_of(diagrams), form).status_code == 422
    assert not Subscription.objects.exists()


@pytest.mark.parametrize("asked", ["theirs", "nobody's", "garbage"])
def test_a_profile_of_somebody_else_is_refused(
    web: Client, diagrams: Offer, visa: PaymentMethod, dirk: User, asked: str
) -> None:
    form = form_for(web, diagrams, visa.profile, visa)
    theirs = make_profile(dirk)
    keys = {"theirs": str(theirs.pk), "nobody's": str(uuid.uuid4()), "garbage": "x"}

    answer = web.post(page_of(diagrams), {**form, "profile": keys[asked]})

    assert answer.status_code == 422
    assert not Subscription.objects.exists()
    assert "Choose a billing profile." in shown(answer)


def test_a_change_that_waits_reaches_stripe_before_the_invoice(
    web: Client,
    diagrams: Offer,
    visa: PaymentMethod,
    anna: User,
    sandbox: SandboxProcess,
) -> None:
    form = form_for(web, diagrams, visa.profile, visa)
    path = f"/v1/customers/{visa.profile.stripe_customer_id}"
    sandbox.fault("drop_before", "POST", path, times=3)
    set_po_number(profile=visa.profile, po_number="NEW-1", version=0, actor=anna)

    web.post(page_of(diagrams), form)

    assert Invoice.objects.get().po_number == "NEW-1"


def test_the_wizard_comes_back_with_the_profile(
    web: Client, diagrams: Offer, visa: PaymentMethod
) -> None:
    html = shown(web.get(page_of(diagrams), {"order": str(KEY), "quantity": "3"}))

    assert "/billing/profiles/new/?back=%2Fcheckout%2F" in html
    assert f"order%3D{KEY}%26quantity%3D3" in html
