import re
import uuid
from io import BytesIO
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pypdf import PdfReader
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from billing.models import Invoice, PaymentMethod
from selfservice.accounts.models import User
from selfservice.catalog.queries import Offer
from selfservice.core.money import Money
from selfservice.subscriptions.services.buying import Order, place_order
from tests.factories.billing import make_invoice
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db


def see(person: User, invoice_id: Any, rest: str = "", **headers: str) -> HttpResponse:
    client = Client(headers=headers)
    client.force_login(person)
    return client.get(f"/billing/invoices/{invoice_id}/{rest}")


def words(response: HttpResponse) -> str:
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text)


def test_the_details_show_everything_that_is_on_an_invoice(anna: User) -> None:
    invoice = make_invoice(anna, po_number="PO-778")

    shown = words(see(anna, invoice.pk))

    for word in (
        f"Invoice {invoice.number}",
        "Sold to Noordzee Advies Kade 1 3011 AB Rotterdam Netherlands",
        "Tax ID NL004495445B01",
        "Bill to Noordzee Advies",
        "Billing period",
        "Purchase",
        "Unit price",
        "€20.00",
        "Tax (21%) €21.00",
        "Total €121.00",
        "PO number PO-778",
        "Paid on",
    ):
        assert word in shown


@pytest.mark.parametrize(
    ("language", "rows"),
    [
        ("en", ("VAT, reverse charge €0.00", "Reverse charge: the customer accounts")),
        ("nl", ("Btw verlegd € 0,00", "Btw verlegd: de afnemer draagt de btw af")),
    ],
)
def test_a_reversed_charge_is_said(
    anna: User, language: str, rows: tuple[str, ...]
) -> None:
    bill_to = {"name": "Noordzee", "country": "BE", "tax_id": "BE0428759497"}
    invoice = make_invoice(
        anna, bill_to=bill_to, subtotal_minor=12100, tax_minor=0, lines=0
    )
    anna.language = language
    anna.save()

    shown = words(see(anna, invoice.pk)).replace("\xa0", " ")

    for row in rows:
        assert row in shown


@pytest.mark.parametrize(
    "fields",
    [
        {"bill_to": {"country": "BE"}, "tax_minor": 0},
        {"bill_to": {"country": "US", "tax_id": ""}, "tax_minor": 0},
        {"bill_to": {"country": "NL", "tax_id": "NL004495445B01"}, "tax_minor": 0},
        {"bill_to": {"country": "BE", "tax_id": "BE0428759497"}, "tax_minor": 2100},
        {"bill_to": {"country": "BE", "tax_id": "BE0428759497"}, "subtotal_minor": 0}
        | {"tax_minor": 0},
    ],
)
def test_no_other_charge_is_said_to_be_reversed(
    anna: User, fields: dict[str, Any]
) -> None:
    assert "everse charge" not in words(see(anna, make_invoice(anna, **fields).pk))


def test_a_renamed_account_does_not_change_an_old_invoice(anna: User) -> None:
    invoice = make_invoice(anna)
    account = invoice.profile.account
    account.name = "Noordzee Groep"
    account.save()

    assert "Noordzee Groep" not in words(see(anna, invoice.pk))


def test_a_past_due_invoice_says_what_is_still_to_be_paid(anna: User) -> None:
    invoice = make_invoice(anna, status="open", attempted=True)

    assert "€121.00 is past due." in words(see(anna, invoice.pk))


def test_as_a_fragment_only_the_invoice_is_sent(anna: User) -> None:
    response = see(anna, make_invoice(anna).pk, **{"HX-Request": "true"})

    assert b"<html" not in response.content
    assert b"lines-head" in response.content


@pytest.mark.parametrize("rest", ["", "pdf/"])
def test_an_invoice_is_its_purchasers_alone(
    anna: User, bram: User, carla: User, rik: User, dirk: User, rest: str
) -> None:
    invoice = make_invoice(anna)

    for stranger in (bram, carla, rik, dirk):
        assert see(stranger, invoice.pk, rest).status_code == 404
    assert see(anna, uuid.uuid4(), rest).status_code == 404


@pytest.mark.parametrize("rest", ["", "pdf/"])
def test_a_draft_is_not_shown(anna: User, rest: str) -> None:
    assert see(anna, make_invoice(anna, status="draft").pk, rest).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("rest", ["", "pdf/"])
def test_other_methods_are_refused(
    anna: User, client: Client, method: str, rest: str
) -> None:
    invoice = make_invoice(anna)
    client.force_login(anna)

    response = getattr(client, method)(f"/billing/invoices/{invoice.pk}/{rest}")

    assert response.status_code == 405


@pytest.mark.parametrize("key", ["1", "x", "00000000"])
def test_an_address_that_is_no_key_is_not_found(anna: User, key: str) -> None:
    assert see(anna, key).status_code == 404


def test_the_page_stays_within_its_budget(
    anna: User, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    invoice = make_invoice(anna, lines=30)
    client.force_login(anna)

    with django_assert_max_num_queries(12):
        response = client.get(f"/billing/invoices/{invoice.pk}/")

    assert len(response.content) <= 40 * 1024


@pytest.mark.django_db(transaction=True)
def test_when_stripe_is_away_a_page_says_so(anna: User, settings: Settings) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    settings.STRIPE_MAX_NETWORK_RETRIES = 0
    invoice = make_invoice(anna)

    response = see(anna, invoice.pk, "pdf/")

    assert (response.status_code, response["Retry-After"]) == (503, "60")
    shown = words(response)
    assert "The payment provider doesn&#x27;t answer right now." in shown
    assert "Try again" in shown


def test_a_page_does_not_wait_for_a_stripe_that_hangs(
    anna: User,
    diagrams: Offer,
    visa: PaymentMethod,
    sandbox: SandboxProcess,
    settings: Settings,
) -> None:
    invoice = bought_invoice(anna, visa, diagrams)
    path = f"/v1/invoices/{invoice.stripe_invoice_id}"
    before = len(sandbox.calls("GET", path))
    settings.STRIPE_READER_SECONDS = 0.5
    sandbox.fault("slow_before", "GET", path, times=3, seconds=3)

    response = see(anna, invoice.pk, "pdf/")

    assert response.status_code == 503
    assert "doesn&#x27;t answer right now." in words(response)
    # Neither is it asked again: nobody would wait for that.
    assert len(sandbox.calls("GET", path)) <= before + 1


def test_an_answer_that_is_lost_is_asked_for_again_while_somebody_waits(
    anna: User, diagrams: Offer, visa: PaymentMethod, sandbox: SandboxProcess
) -> None:
    invoice = bought_invoice(anna, visa, diagrams)
    path = f"/v1/invoices/{invoice.stripe_invoice_id}"
    sandbox.fault("drop_before", "GET", path, times=2)

    assert see(anna, invoice.pk, "pdf/").status_code == 200


def bought_invoice(anna: User, visa: PaymentMethod, offer: Offer) -> Invoice:
    order = Order(
        key=uuid.uuid4(),
        offer=offer,
        quantity=12,
        profile=visa.profile,
        total=Money(71438, "EUR"),
        assign_to_me=False,
    )
    bought = place_order(order=order, card=visa, buyer=anna)
    return Invoice.objects.get(subscription_id=bought.pk)


def test_the_pdf_is_stripes_own_under_a_good_name(
    anna: User, visa: PaymentMethod, diagrams: Offer
) -> None:
    invoice = bought_invoice(anna, visa, diagrams)

    response = see(anna, invoice.pk, "pdf/")

    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == (
        f'attachment; filename="Invoice_{invoice.number}.pdf"'
    )
    page = PdfReader(BytesIO(response.content)).pages[0]
    assert invoice.number in page.extract_text()


def test_a_pdf_that_stripe_wont_give_is_told_in_a_page(
    anna: User, sandbox: SandboxProcess
) -> None:
    invoice = make_invoice(anna, stripe_invoice_id="in_that_is_gone")

    response = see(anna, invoice.pk, "pdf/")

    assert response.status_code == 503
    assert "The payment provider refused this, so nothing was" in words(response)
    assert "No such invoice" not in words(response)


def test_what_was_really_bought_is_shown_with_its_sums(
    anna: User, visa: PaymentMethod, diagrams: Offer
) -> None:
    invoice = bought_invoice(anna, visa, diagrams)

    shown = words(see(anna, invoice.pk))

    for word in ("Purchase 12 €49.20", "Tax (21%) €123.98", "Total €714.38"):
        assert word in shown
