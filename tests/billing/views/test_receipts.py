"""What was paid of an invoice, and what was given back, on its page."""

from __future__ import annotations

import html
import re
import uuid
from io import BytesIO

import pytest
import stripe
from django.http import HttpResponse
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob
from pypdf import PdfReader
from pytest_django import DjangoAssertNumQueries

from billing.models import Invoice, InvoiceCredit, PaymentMethod
from billing.services.invoices import sync_invoice
from billing.services.receipts import RECEIPTS_JOB
from billing.tasks import fetch_receipts
from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription
from tests.stripe_sandbox import enter_card
from tests.subscriptions.changing import *
from tests.subscriptions.changing import invoices_at_stripe
from tests.subscriptions.paying import *

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def web(anna: User, client: Client) -> Client:
    client.force_login(anna)
    return client


@pytest.fixture
def invoice(bought: Subscription) -> Invoice:
    return Invoice.objects.get(subscription_id=bought.pk)


def work() -> None:
    """What the worker does with what was asked of it."""
    for job in ProcrastinateJob.objects.filter(task_name=RECEIPTS_JOB).order_by("id"):
        # Those of other tests stay: their invoices are gone.
        if Invoice.objects.filter(pk=job.args["invoice_id"]).exists():
            fetch_receipts(**job.args)


def words(response: HttpResponse) -> str:
    text = re.sub(r"<[^>]+>", " ", html.unescape(response.content.decode()))
    return re.sub(r"\s+", " ", text)


def credit(
    client: stripe.StripeClient, invoice: Invoice, amount: int
) -> stripe.CreditNote:
    return client.v1.credit_notes.create(
        {
            "invoice": invoice.stripe_invoice_id,
            "amount": amount,
            "refund_amount": amount,
            "reason": "order_change",
        }
    )


def test_a_payment_stands_on_the_invoice_with_its_receipt(
    web: Client, invoice: Invoice
) -> None:
    work()
    work()

    shown = words(web.get(f"/billing/invoices/{invoice.pk}/"))

    payment = invoice.payments.get()
    assert "Payments and receipts Paid · Visa •••• 4242" in shown
    assert f"Receipt {payment.stripe_charge_id} €714.38" in shown


def test_a_credit_note_says_what_it_credits_and_where_the_money_went(
    web: Client,
    invoice: Invoice,
    stripe_client: stripe.StripeClient,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    note = credit(stripe_client, invoice, 12100)
    sync_invoice(invoice.stripe_invoice_id)
    work()

    with django_assert_max_num_queries(12):
        page = web.get(f"/billing/invoices/{invoice.pk}/")

    shown = words(page)
    assert "Given back €121.00" in shown
    assert f"Credit note {note.number}" in shown
    assert "The order was changed or canceled" in shown
    assert "Tax €21.00 Credited, tax included €121.00 Back to the card €121.00" in shown
    known = InvoiceCredit.objects.get()
    pdf = web.get(f"/billing/invoices/{invoice.pk}/credits/{known.pk}/pdf/")
    assert note.number in PdfReader(BytesIO(pdf.content)).pages[0].extract_text()
    assert known.number in pdf["Content-Disposition"]


def test_a_void_credit_note_stays_and_says_so(
    web: Client, unpaid: Subscription, stripe_client: stripe.StripeClient
) -> None:
    newest = invoices_at_stripe(stripe_client, unpaid)[0]
    note = stripe_client.v1.credit_notes.create(
        {"invoice": str(newest.id), "amount": 12100}
    )
    open_one = sync_invoice(str(newest.id))
    assert open_one is not None
    work()
    assert "No longer to be paid €121.00" in words(
        web.get(f"/billing/invoices/{open_one.pk}/")
    )

    stripe_client.v1.credit_notes.void_credit_note(note.id)
    sync_invoice(str(newest.id))
    work()

    assert f"Credit note {note.number} Void" in words(
        web.get(f"/billing/invoices/{open_one.pk}/")
    )


def test_a_refused_payment_says_why(
    web: Client,
    unpaid: Subscription,
    visa: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    open_one = sync_invoice(str(invoices_at_stripe(stripe_client, unpaid)[0].id))
    assert open_one is not None
    bad = enter_card(stripe_client, visa.profile, "pm_card_chargeCustomerFail")
    path = f"/billing/invoices/{open_one.pk}/"
    web.post(f"{path}pay/", {"payment": str(bad.pk), "attempt": "0"})
    web.post(f"{path}pay/", {"payment": str(visa.pk), "attempt": "1"})
    work()

    shown = words(web.get(path))

    assert shown.count("Declined · Visa") >= 1
    assert "The bank declined this card" in shown
    assert "Paid · Visa •••• 4242" in shown


def test_a_credit_note_of_another_invoice_is_not_found(
    web: Client, invoice: Invoice, bram: User, stripe_client: stripe.StripeClient
) -> None:
    credit(stripe_client, invoice, 100)
    sync_invoice(invoice.stripe_invoice_id)
    work()
    path = f"/billing/invoices/{invoice.pk}/credits/"
    known = InvoiceCredit.objects.get()

    assert web.get(f"{path}{uuid.uuid4()}/pdf/").status_code == 404
    web.force_login(bram)
    assert web.get(f"{path}{known.pk}/pdf/").status_code == 404
