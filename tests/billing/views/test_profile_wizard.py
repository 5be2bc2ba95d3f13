"""The wizard Add a billing profile."""

import re
import uuid
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe
from django.test import Client

from billing.models import BillingProfile, ProfileDraft, StripeOperation
from selfservice.accounts.models import User
from selfservice.activity.models import Activity, InvoiceMail
from tests.factories.subscriptions import make_profile
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db(transaction=True)
SAME = {"bill_to": "same", "usage_at": "same"}
OTHER = {
    "bill_to": "other",
    "bill-name": "Noordzee Holding",
    "bill-line1": "Westblaak 180",
    "bill-postal_code": "3012 KN",
    "bill-city": "Rotterdam",
    "bill-email": "bills@noordzee.example",
    "usage_at": "other",
    "usage-country": "IT",
    "usage-line1": "Via Roma 1",
    "usage-postal_code": "00144",
    "usage-city": "Roma",
    "usage-region": "RM",
}
ANSWERS: dict[str, dict[str, str]] = {
    "basic": {"name": "Projects"},
    "address": SAME,
    "payment": {"pay": "later"},
    "invoices": {
        "wanted": "on",
        "recipients": "books@noordzee.example",
        "po_number": "PO-9",
    },
}


@pytest.fixture
def web(client: Client, anna: User, profile: BillingProfile) -> Client:
    client.force_login(anna)
    return client


def begun(web: Client) -> str:
    """The address of a new wizard, without the step."""
    return str(web.get("/billing/profiles/new/")["Location"]).removesuffix("basic/")


def answered(web: Client, **changes: dict[str, str]) -> str:
    """A wizard whose steps are answered; its address."""
    wizard = begun(web)
    for step, answers in {**ANSWERS, **changes}.items():
        response = web.post(f"{wizard}{step}/", answers)
        assert response.status_code == 302, response.content.decode()
    assert response["Location"] == f"{wizard}review/"
    return wizard


def new_profiles(profile: BillingProfile) -> list[BillingProfile]:
    return list(BillingProfile.objects.exclude(pk=profile.pk))


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_profile_is_added_with_its_customer(
    web: Client, profile: BillingProfile, stripe_client: stripe.StripeClient
) -> None:
    wizard = answered(web)

    response = web.post(f"{wizard}review/", {"pay": "later"})

    (made,) = new_profiles(profile)
    assert response["Location"] == f"/billing/profiles/{made.pk}/"
    assert (made.name, made.po_number, made.currency) == ("Projects", "PO-9", "EUR")
    assert made.bill_to_name == profile.account.name
    customer = stripe_client.v1.customers.retrieve(made.stripe_customer_id)
    assert customer.name == "Noordzee Advies"
    numbers = stripe_client.v1.customers.tax_ids.list(made.stripe_customer_id)
    assert [number.value for number in numbers.data] == ["NL004495445B01"]
    mail = InvoiceMail.objects.get(profile_id=made.pk)
    assert (mail.wanted, mail.attach_pdf) == (True, False)
    assert mail.recipients == ["books@noordzee.example"]
    assert not ProfileDraft.objects.exists()
    assert Activity.objects.filter(verb="profile_added").count() == 1


def test_another_bill_to_and_usage_address_are_kept(
    web: Client, profile: BillingProfile, stripe_client: stripe.StripeClient
) -> None:
    wizard = answered(web, address=OTHER)

    web.post(f"{wizard}review/")

    (made,) = new_profiles(profile)
    assert made.bill_to_name == "Noordzee Holding"
    assert made.usage_address["region"] == "RM"
    customer = stripe_client.v1.customers.retrieve(made.stripe_customer_id)
    assert customer.address is not None
    assert customer.address.line1 == "Westblaak 180"
    assert customer.email == "bills@noordzee.example"


def test_a_card_is_entered_right_after_the_last_step(
    web: Client, profile: BillingProfile
) -> None:
    wizard = answered(web, payment={"pay": "card"})

    response = web.post(f"{wizard}review/", {"pay": "card"})

    (made,) = new_profiles(profile)
    wanted = f"/billing/payment-methods/add/?profile={made.pk}"
    assert response["Location"] == wanted


def test_pressed_twice_one_profile_and_one_customer_are_made(
    web: Client, profile: BillingProfile, sandbox: SandboxProcess
) -> None:
    wizard = answered(web)

    places = [web.post(f"{wizard}review/")["Location"] for _ in range(3)]

    (made,) = new_profiles(profile)
    assert set(places) == {f"/billing/profiles/{made.pk}/"}
    # The first profile's is one of them.
    assert len(sandbox.calls("POST", "/v1/customers")) == 2


def test_a_lost_answer_is_settled_and_nothing_is_made_twice(
    web: Client, profile: BillingProfile, sandbox: SandboxProcess
) -> None:
    wizard = answered(web)
    sandbox.fault("drop_after", "POST", "/v1/customers", times=3)

    response = web.post(f"{wizard}review/", follow=True)
    assert "needn&#x27;t add it again" in response.content.decode()
    assert "Being set up" in text_of(response)
    web.post(f"{wizard}review/")

    (made,) = new_profiles(profile)
    assert made.stripe_customer_id
    operation = StripeOperation.objects.get(subject_id=made.pk)
    assert operation.state == "succeeded"


def test_what_stripe_refuses_leaves_the_answers(
    web: Client, profile: BillingProfile, sandbox: SandboxProcess, anna: User
) -> None:
    bad = {**OTHER, "bill-email": "nobody@localhost.example"}
    wizard = answered(web, address=bad)
    profile.account.tax_id = "NL999"
    profile.account.save()

    response = web.post(f"{wizard}review/")

    assert response.status_code == 422
    assert "refused this tax ID" in response.content.decode()
    assert new_profiles(profile) == []
    assert not InvoiceMail.objects.exists()
    assert "Westblaak 180" in web.get(f"{wizard}review/").content.decode()


def test_every_step_keeps_what_was_typed(web: Client) -> None:
    wizard = answered(web, address=OTHER)

    shown = web.get(f"{wizard}address/").content.decode()

    for value in OTHER.values():
        assert value in shown
    assert 'value="Projects"' in web.get(f"{wizard}basic/").content.decode()
    invoices = web.get(f"{wizard}invoices/").content.decode()
    assert 'value="PO-9"' in invoices
    assert "books@noordzee.example" in invoices


def test_back_keeps_what_is_half_typed(web: Client) -> None:
    wizard = begun(web)
    web.post(f"{wizard}basic/", ANSWERS["basic"])
    half = {**OTHER, "bill-postal_code": "30", "action": "back"}

    assert web.post(f"{wizard}address/", half)["Location"] == f"{wizard}basic/"

    shown = web.get(f"{wizard}address/").content.decode()
    assert 'value="30"' in shown
    # But for what a script would say if the portal wasn't reached.
    assert shown.count('role="alert"') == shown.count('role="alert" data-failed') == 1
    # It isn't answered: what comes after it can't be reached.
    assert web.get(f"{wizard}review/")["Location"] == f"{wizard}address/"


@pytest.mark.parametrize(
    ("step", "answers", "sentence"),
    [
        ("basic", {"name": " "}, "Enter a name."),
        ("address", {}, "Choose an address."),
        ("address", {**OTHER, "bill-postal_code": "3"}, "isn't a postal code of"),
        ("address", {**OTHER, "usage-region": ""}, "addresses in that country have it"),
        ("address", {**OTHER, "usage-postal_code": "20121"}, "isn't in Roma"),
        ("payment", {"pay": "gold"}, "Select a valid choice"),
        ("invoices", {"recipients": "nobody"}, "is no email address"),
    ],
)
def test_what_is_wrong_is_said_and_stays(
    web: Client, step: str, answers: dict[str, str], sentence: str
) -> None:
    wizard = begun(web)

    response = web.post(f"{wizard}{step}/", answers)

    html = response.content.decode().replace("&#x27;", "'")
    assert response.status_code == 422
    assert sentence in html
    for value in answers.values():
        if value.strip() and value != "gold":
            assert value in html
    assert not ProfileDraft.objects.filter(answers__has_key=step).exists()


def test_another_country_brings_its_fields(web: Client) -> None:
    wizard = begun(web)
    typed = {**OTHER, "usage-country": "US", "action": "usagecountry"}

    shown = web.post(f"{wizard}address/", typed)

    html = shown.content.decode()
    assert shown.status_code == 200
    assert "ZIP code" in html
    assert '<option value="TX">Texas</option>' in html
    assert "Via Roma 1" in html


def test_the_fields_of_a_country_come_by_themselves(web: Client) -> None:
    typed = {"which": "usage", "usage-country": "IE", "usage-line1": "Quay 1"}

    html = web.post("/billing/address-fields/", typed).content.decode()

    assert "Eircode" in html
    assert 'value="Quay 1"' in html
    assert 'name="usage-region"' in html
    assert web.get("/billing/address-fields/").status_code == 405


def test_a_step_that_was_not_reached_leads_to_the_open_one(web: Client) -> None:
    wizard = begun(web)

    assert web.get(f"{wizard}invoices/")["Location"] == f"{wizard}basic/"
    assert web.get(f"{wizard}review/")["Location"] == f"{wizard}basic/"
    assert web.post(f"{wizard}review/")["Location"] == f"{wizard}basic/"
    assert web.get(f"{wizard}elsewhere/").status_code == 404


def test_two_wizards_do_not_mix(web: Client, profile: BillingProfile) -> None:
    one, two = answered(web), answered(web, basic={"name": "Marketing"})

    for wizard in (one, two):
        web.post(f"{wizard}review/")

    assert {made.name for made in new_profiles(profile)} == {"Projects", "Marketing"}


def test_a_draft_is_its_purchasers_alone(
    web: Client, dirk: User, bram: User, profile: BillingProfile
) -> None:
    wizard = answered(web)
    make_profile(dirk)
    make_profile(bram)

    for stranger in (dirk, bram):
        other = Client()
        other.force_login(stranger)
        answer = other.get(f"{wizard}basic/")
        assert "Projects" not in answer.content.decode()
        assert other.post(f"{wizard}basic/", {"name": "Mine"}).status_code == 404
        assert other.post(f"{wizard}review/").status_code in {302, 404}
    theirs = BillingProfile.objects.filter(purchaser__in=[dirk, bram])
    assert set(new_profiles(profile)) == set(theirs)


def test_who_has_no_account_is_sent_to_the_list(client: Client, bram: User) -> None:
    client.force_login(bram)

    assert client.get("/billing/profiles/new/")["Location"] == "/billing/accounts/"
    path = f"/billing/profiles/new/{uuid.uuid4()}/basic/"
    assert client.get(path).status_code == 404


def test_no_more_than_twenty(web: Client, anna: User, profile: BillingProfile) -> None:
    wizard = answered(web)
    for _ in range(19):
        make_profile(anna)

    response = web.post(f"{wizard}review/")

    assert response.status_code == 422
    assert "can&#x27;t have more" in response.content.decode()


@pytest.mark.parametrize(
    ("back", "kept"),
    [
        ("/checkout/1/?order=2", True),
        ("https://elsewhere.example/", False),
        ("//elsewhere.example/", False),
        ("javascript:alert(1)", False),
    ],
)
def test_it_leads_back_to_a_page_of_the_portal_only(
    web: Client, profile: BillingProfile, back: str, kept: bool
) -> None:
    start = web.get("/billing/profiles/new/", {"back": back})["Location"]
    place = urlsplit(start)
    wizard, query = place.path.removesuffix("basic/"), f"?{place.query}"
    for step, answers in ANSWERS.items():
        web.post(f"{wizard}{step}/{query}", answers)

    leads = web.post(f"{wizard}review/{query}")["Location"]

    (made,) = new_profiles(profile)
    wanted = f"{back}&profile={made.pk}" if kept else f"/billing/profiles/{made.pk}/"
    assert leads == wanted
