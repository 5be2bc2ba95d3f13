"""The panes in which a billing account or profile is changed."""

import dataclasses
import re
import uuid
from io import BytesIO
from typing import Any

import pytest
import stripe
from django.test import Client
from pypdf import PdfReader

from billing.models import BillingAccount, BillingProfile, Invoice, PaymentMethod
from selfservice.accounts.models import User
from selfservice.activity.models import Activity, InvoiceMail
from selfservice.catalog.queries import Offer
from selfservice.core.money import Money
from selfservice.subscriptions.services.buying import Order, place_order
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db(transaction=True)
BILL_TO = {
    "name": "Noordzee Holding",
    "line1": "Westblaak 180",
    "postal_code": "3012 KN",
    "city": "Rotterdam",
    "email": "bills@noordzee.example",
}


@pytest.fixture
def web(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def at(row: BillingAccount | BillingProfile, pane: str = "") -> str:
    kind = "accounts" if isinstance(row, BillingAccount) else "profiles"
    return f"/billing/{kind}/{row.pk}/{pane}"


def save(web: Client, row: Any, pane: str, **typed: str) -> Any:
    """Saved as it is shown now."""
    row.refresh_from_db()
    return web.post(at(row, pane), {"version": str(row.version), **typed})


def words(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize(
    ("pane", "typed", "shown", "verb"),
    [
        ("name/", {"name": "Noordzee Groep"}, "Noordzee Groep", "account_renamed"),
        (
            "address/",
            {k: v for k, v in BILL_TO.items() if k != "name"},
            "Westblaak 180 3012 KN Rotterdam",
            "sold_to_changed",
        ),
        (
            "registration/",
            {"registration_number": "24123456"},
            "Registration number 24123456",
            "registration_changed",
        ),
    ],
)
def test_an_account_is_changed_and_it_is_logged(
    web: Client,
    profile: BillingProfile,
    pane: str,
    typed: dict[str, str],
    shown: str,
    verb: str,
) -> None:
    answer = save(web, profile.account, pane, **typed)

    assert answer["Location"] == at(profile.account)
    page = web.get(at(profile.account))
    assert shown in words(page)
    assert Activity.objects.get(verb=verb).subject_id == profile.account_id
    save(web, profile.account, pane, **typed)
    assert Activity.objects.filter(verb=verb).count() == 1


def test_the_country_can_not_be_changed(web: Client, profile: BillingProfile) -> None:
    typed = {**BILL_TO, "country": "BE"}

    save(web, profile.account, "address/", **typed)
    save(web, profile, "bill-to/", **typed)

    profile.refresh_from_db()
    assert (profile.country, profile.account.country) == ("NL", "NL")
    for row, pane in ((profile.account, "address/"), (profile, "bill-to/")):
        html = web.get(at(row, pane)).content.decode()
        assert "The country can&#x27;t be changed" in html or (
            "The country can't be changed" in html
        )
        assert 'name="country"' not in html


def test_bill_to_goes_to_stripe(
    web: Client, profile: BillingProfile, stripe_client: stripe.StripeClient
) -> None:
    save(web, profile, "bill-to/", **BILL_TO)

    customer = stripe_client.v1.customers.retrieve(profile.stripe_customer_id)
    assert customer.name == "Noordzee Holding"
    assert customer.email == "bills@noordzee.example"
    profile.refresh_from_db()
    assert (profile.bill_to_name, profile.name) == (
        "Noordzee Holding",
        "Noordzee Advies",
    )


def test_the_profiles_name_and_usage_address_stay_here(
    web: Client, profile: BillingProfile, sandbox: SandboxProcess
) -> None:
    calls = len(sandbox.calls("POST", f"/v1/customers/{profile.stripe_customer_id}"))

    save(web, profile, "name/", name="Projects")
    save(
        web,
        profile,
        "usage/",
        line1="Rue 1",
        country="FR",
        postal_code="75001",
        city="Paris",
    )

    shown = words(web.get(at(profile)))
    assert "Projects" in shown
    assert "Rue 1 75001 Paris France" in shown
    after = sandbox.calls("POST", f"/v1/customers/{profile.stripe_customer_id}")
    assert len(after) == calls


def test_a_usage_address_like_bill_to_is_no_other(
    web: Client, profile: BillingProfile
) -> None:
    typed = {"line1": "Maaskade 85", "postal_code": "3071 NE", "city": "Rotterdam"}

    save(web, profile, "usage/", country="NL", **typed)

    assert "Same as bill-to" in words(web.get(at(profile)))


def test_who_gets_the_invoices_is_one_truth(
    web: Client, profile: BillingProfile
) -> None:
    typed = {"wanted": "on", "recipients": "a@x.example, b@x.example"}

    web.post(at(profile, "invoices/"), typed)

    row = InvoiceMail.objects.get(profile_id=profile.pk)
    assert (row.wanted, row.recipients) == (True, ["a@x.example", "b@x.example"])
    assert "a@x.example" in web.get("/billing/notifications/").content.decode()
    logged = Activity.objects.get(verb="invoice_mail_changed")
    assert logged.after == {"invoice_mail": True, "invoice_recipients": 2}


@pytest.mark.parametrize(
    ("pane", "typed", "sentence"),
    [
        ("name/", {"name": ""}, "Enter a name."),
        ("bill-to/", {**BILL_TO, "postal_code": "12"}, "isn't a postal code"),
        ("bill-to/", {**BILL_TO, "email": "no"}, "Enter a valid email"),
        ("usage/", {"country": "US", "line1": "1 Main"}, "addresses in that country"),
        ("po-number/", {"po_number": "x" * 31}, "at most 30"),
        ("invoices/", {"recipients": "nobody"}, "no email address"),
    ],
)
def test_what_is_wrong_is_said_and_stays(
    web: Client,
    profile: BillingProfile,
    pane: str,
    typed: dict[str, str],
    sentence: str,
) -> None:
    answer = save(web, profile, pane, **typed)

    html = answer.content.decode().replace("&#x27;", "'")
    assert answer.status_code == 422
    assert sentence in html
    assert all(value in html for value in typed.values())
    assert not Activity.objects.exclude(verb="opened").exists()


@pytest.mark.parametrize("pane", ["name/", "po-number/"])
def test_a_stale_edit_is_refused_once(
    web: Client, profile: BillingProfile, pane: str
) -> None:
    name = "name" if pane == "name/" else "po_number"
    stale = {"version": str(profile.version), name: "MINE-2"}
    save(web, profile, pane, **{name: "FIRST-1"})

    refused = web.post(at(profile, pane), stale)

    html = refused.content.decode()
    assert refused.status_code == 422
    assert "This was changed meanwhile" in html
    assert 'value="MINE-2"' in html
    version = re.search(r'name="version" value="(\d+)"', html)
    assert version
    again = web.post(at(profile, pane), {**stale, "version": version[1]})
    assert again.status_code == 302
    profile.refresh_from_db()
    assert getattr(profile, name) == "MINE-2"


def test_without_a_version_nothing_is_saved(
    web: Client, profile: BillingProfile
) -> None:
    for version in ("", "x", "-1", "9" * 400):
        answer = web.post(at(profile, "name/"), {"name": "X", "version": version})
        assert answer.status_code == 422
    profile.refresh_from_db()
    assert profile.name != "X"


def test_a_lost_answer_is_told_and_another_change_waits(
    web: Client, profile: BillingProfile, sandbox: SandboxProcess
) -> None:
    path = f"/v1/customers/{profile.stripe_customer_id}"
    sandbox.fault("drop_before", "POST", path, times=3)

    answer = save(web, profile, "bill-to/", **BILL_TO)

    page = words(web.get(answer["Location"]))
    assert "on its way to the payment provider" in page
    assert "Maaskade 85" in page
    waits = save(web, profile, "po-number/", po_number="PO-1")
    assert waits.status_code == 422
    assert "Wait a minute" in waits.content.decode()


def test_what_stripe_refuses_changes_nothing(
    web: Client, profile: BillingProfile, stripe_client: stripe.StripeClient
) -> None:
    stripe_client.v1.customers.delete(profile.stripe_customer_id)

    answer = save(web, profile, "bill-to/", **BILL_TO)

    assert answer.status_code == 422
    assert "refused this" in answer.content.decode()
    assert "Westblaak 180" in answer.content.decode()
    assert "Westblaak 180" not in words(web.get(at(profile)))


def test_a_final_invoice_keeps_every_word(
    web: Client,
    diagrams: Offer,
    visa: PaymentMethod,
    anna: User,
    profile: BillingProfile,
) -> None:
    order = Order(
        key=profile.pk,
        offer=diagrams,
        quantity=1,
        profile=profile,
        total=Money(5953, "EUR"),
        assign_to_me=False,
    )
    place_order(order=order, card=visa, buyer=anna)
    (invoice,) = Invoice.objects.all()
    places = [
        f"/billing/invoices/{invoice.pk}/",
        "/billing/invoices/",
        "/billing/invoices/export.csv",
    ]
    before = [_read(web, place) for place in places]
    pdf = _pdf(web, invoice)

    _change_everything(web, profile)

    assert "Saved." in _read(web, "/billing/accounts/"), "it was said, once"
    assert [_read(web, place) for place in places] == before
    assert _pdf(web, invoice) == pdf
    assert "Maaskade 85" in pdf
    assert "PRJ-2026-118" in pdf
    # A new one says the new words.
    place_order(order=_again(order), card=visa, buyer=anna)
    new = Invoice.objects.exclude(pk=invoice.pk).get()
    assert new.profile_name == "Renamed Profile"
    assert new.sold_to["name"] == "Renamed Account"
    assert new.bill_to["line1"] == "Newstreet 1"
    assert new.bill_to["tax_id"] == "NL820646660B01"
    assert "Newstreet 1" in _pdf(web, new)


def _change_everything(web: Client, profile: BillingProfile) -> None:
    save(web, profile.account, "name/", name="Renamed Account")
    save(web, profile.account, "address/", **{**BILL_TO, "line1": "Newstreet 1"})
    save(web, profile, "name/", name="Renamed Profile")
    save(web, profile, "bill-to/", **{**BILL_TO, "line1": "Newstreet 1"})
    save(web, profile, "po-number/", po_number="NEWPO-1")
    save(web, profile.account, "tax-id/", tax_id="NL820646660B01")


def _again(order: Order) -> Order:
    profile = BillingProfile.objects.select_related("account").get(pk=order.profile.pk)
    return dataclasses.replace(order, key=uuid.uuid4(), profile=profile)


def _read(web: Client, place: str) -> str:
    """What it says; without the filter, which names profiles as they are called now."""
    response = web.get(place)
    content = b"".join(response) if response.streaming else response.content
    text = re.sub(
        r'<details class="menu">.*?</details>', "", content.decode(), flags=re.S
    )
    page = re.search(r"<main.*</main>", text, re.S)
    return re.sub(r"<[^>]+>", " ", page[0]) if page else text


def _pdf(web: Client, invoice: Invoice) -> str:
    content = web.get(f"/billing/invoices/{invoice.pk}/pdf/").content
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
