"""Invoices by email: to whom the purchaser chose, with the PDF or without."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail as outgoing
from django.db import connection

from billing.invoice_mails import invoice_made
from billing.models import Invoice, PaymentMethod
from selfservice.accounts.models import User
from selfservice.activity.models import InvoiceMail, Mail, MailState
from selfservice.activity.services.sending import MailWaits
from selfservice.catalog.queries import Offer
from selfservice.core import clock
from selfservice.core.errors import DomainError
from tests.factories.billing import make_invoice
from tests.factories.mail import kinds_queued, send_queued
from tests.portal.reconciling import buy

pytestmark = pytest.mark.django_db
BOOKS = "books@elsewhere.example"


@pytest.fixture(autouse=True)
def no_jobs(db: None) -> None:
    """Of tests before, whose mail is gone."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def choose(invoice: Invoice, **fields: object) -> None:
    InvoiceMail.objects.create(
        organization_id=invoice.organization_id,
        profile_id=invoice.profile_id,
        **fields,
    )


def tell(invoice: Invoice) -> None:
    invoice_made(invoice, invoice.profile)


def test_an_order_brings_its_invoice_with_the_pdf(
    diagrams: Offer, visa: PaymentMethod
) -> None:
    InvoiceMail.objects.create(
        organization_id=visa.organization_id,
        profile_id=visa.profile_id,
        wanted=True,
        recipients=[BOOKS],
    )
    buy(diagrams, visa)

    send_queued()

    invoice = Invoice.objects.get()
    mine, copy = sorted(
        (m for m in outgoing.outbox if m.attachments), key=lambda m: m.to != [BOOKS]
    )[::-1]
    assert copy.to == [BOOKS]
    for message in (mine, copy):
        assert message.subject.startswith(f"Invoice {invoice.number}: ")
        name, content, kind = message.attachments[0]
        assert name == f"Invoice_{invoice.number}.pdf"
        assert bytes(content)[:5] == b"%PDF-"
        assert kind == "application/pdf"
    assert f"/billing/invoices/{invoice.pk}/" in str(mine.body)
    # Whoever has no account here is led nowhere.
    assert "/billing/" not in str(copy.body)
    assert "Anna de Vries has invoices sent to you." in str(copy.body)


def test_nobody_asked_so_nobody_gets_it(anna: User) -> None:
    tell(make_invoice(anna))

    assert kinds_queued() == []


def test_without_the_pdf_it_says_whom_to_ask(anna: User) -> None:
    invoice = make_invoice(anna)
    choose(invoice, recipients=[BOOKS], attach_pdf=False)

    tell(invoice)
    tell(invoice)
    send_queued()

    (message,) = outgoing.outbox
    assert message.attachments == []
    assert "Ask Anna de Vries for the PDF." in str(message.body)
    assert "€121.00, tax included." in str(message.body)


def test_what_is_found_late_or_costs_nothing_is_no_news(anna: User) -> None:
    old = make_invoice(anna, finalized_at=clock.now() - dt.timedelta(days=8))
    choose(old, wanted=True)

    tell(old)
    tell(make_invoice(anna, profile=old.profile, total_minor=0))

    assert kinds_queued() == []


def test_it_waits_for_its_pdf(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripe doesn't answer: nothing is sent without what was promised."""

    def away(invoice_id: str) -> bytes:
        raise DomainError("Stripe does not answer")

    monkeypatch.setattr("billing.gateway.invoice_pdf", away)
    invoice = make_invoice(anna)
    choose(invoice, wanted=True)
    tell(invoice)

    with pytest.raises(MailWaits):
        send_queued()

    assert Mail.objects.get().state == MailState.WAITING
    assert outgoing.outbox == []
