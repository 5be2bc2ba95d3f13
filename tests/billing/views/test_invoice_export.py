"""Export of the filtered invoices, as CSV and as a ZIP of their PDFs."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import re
import uuid
import zipfile

import pytest
from django.http import HttpResponse
from django.test import Client
from pypdf import PdfReader

from billing import gateway
from billing.models import Invoice, InvoiceArchive, InvoiceArchiveFile
from billing.services import archives
from billing.tasks import fill_archive, remove_expired_archives
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.factories.billing import make_invoice, make_invoices
from tests.sandbox_process import SandboxProcess
from tests.subscriptions.changing import *

pytestmark = pytest.mark.django_db
CSV, ZIP = "/billing/invoices/export.csv", "/billing/invoices/export/"


@pytest.fixture
def web(anna: User, client: Client) -> Client:
    client.force_login(anna)
    return client


def words(response: HttpResponse) -> str:
    text = re.sub(r"<[^>]+>", " ", html.unescape(response.content.decode()))
    return re.sub(r"\s+", " ", text)


def content(response: object) -> bytes:
    return b"".join(response.streaming_content)


def work(archive: InvoiceArchive) -> None:
    fill_archive(
        organization_id=str(archive.organization_id), archive_id=str(archive.pk)
    )


def test_the_csv_holds_what_is_filtered(anna: User, web: Client) -> None:
    make_invoice(anna)
    owed = make_invoice(anna, status="open", attempted=True, title="=SUM(A1)")

    answer = web.get(f"{CSV}?status=past_due")

    assert answer["Content-Disposition"] == 'attachment; filename="invoices.csv"'
    rows = list(csv.DictReader(io.StringIO(content(answer).decode("utf-8-sig"))))
    assert [row["Invoice number"] for row in rows] == [owed.number]
    assert rows[0]["Total"] == rows[0]["Amount due"] == "121.00"
    assert (rows[0]["Status"], rows[0]["Currency"]) == ("Past due", "EUR")
    assert rows[0]["Description"].startswith("'")


def test_the_csv_in_dutch(anna: User, web: Client) -> None:
    make_invoice(anna)

    answer = web.get(CSV, headers={"Accept-Language": "nl"})

    lines = content(answer).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Factuurnummer;Factuurdatum;")
    assert ";121,00;" in lines[1]


@pytest.mark.parametrize("path", [CSV, ZIP])
def test_dates_that_make_no_sense_lead_back_to_their_sentence(
    web: Client, path: str
) -> None:
    query = "?period=range&start=2026-02-31&end=2026-03-01"
    answer = web.get(path + query) if path == CSV else web.post(path + query)

    assert answer["Location"].startswith("/billing/invoices/?period=range")
    assert "There is no such date." in words(web.get(answer["Location"]))


def test_the_list_leads_to_both(anna: User, web: Client) -> None:
    page = web.get("/billing/invoices/?status=paid").content.decode()
    assert "export" not in page

    make_invoice(anna)
    page = web.get("/billing/invoices/?status=paid").content.decode()

    assert f'href="{CSV}?status=paid"' in page
    assert f'action="{ZIP}?status=paid"' in page


@pytest.mark.django_db(transaction=True)
def test_the_pdfs_come_as_one_file_for_a_day(
    web: Client, bought: Subscription, anna: User, dirk: User
) -> None:
    invoice = Invoice.objects.get(subscription_id=bought.pk)
    gone = make_invoice(anna, stripe_invoice_id="in_that_is_gone")

    page = str(web.post(ZIP)["Location"])
    assert web.post(ZIP)["Location"] == page
    archive = InvoiceArchive.objects.get()
    assert "0 of 2 PDFs are in the file." in words(web.get(page))
    assert web.get(f"{page}zip/")["Location"] == page
    work(archive)
    work(archive)

    shown = words(web.get(page))
    assert "The file with 1 PDF is ready. It can be downloaded until" in shown
    assert "has no PDF of 1 invoice." in shown
    bundle = zipfile.ZipFile(io.BytesIO(content(web.get(f"{page}zip/"))))
    assert bundle.testzip() is None
    (name,) = bundle.namelist()
    assert name == f"{invoice.number}.pdf"
    text = PdfReader(io.BytesIO(bundle.read(name))).pages[0].extract_text()
    assert invoice.number in text
    assert gone.number not in bundle.namelist()
    web.force_login(dirk)
    assert {web.get(page + rest).status_code for rest in ("", "zip/")} == {404}
    web.force_login(anna)
    past = clock.now() - dt.timedelta(seconds=1)
    InvoiceArchive.objects.update(expires_at=past)
    assert web.get(page).status_code == web.get(f"{page}zip/").status_code == 404
    remove_expired_archives()
    assert not InvoiceArchiveFile.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_when_stripe_is_away_it_goes_on_later(
    web: Client, bought: Subscription, sandbox: SandboxProcess
) -> None:
    web.post(ZIP)
    archive = InvoiceArchive.objects.get()
    sandbox.fault("500_before", "GET", "/v1/invoices/", times=3)

    with pytest.raises(gateway.GatewayUnavailable):
        work(archive)
    work(archive)

    archive.refresh_from_db()
    assert archive.finished_at is not None
    assert archives.progress(archive) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_too_many_and_none_are_refused_with_a_sentence(anna: User, web: Client) -> None:
    none = web.post(ZIP, follow=True)
    make_invoices(anna, archives.MOST + 1)
    many = web.post(ZIP, follow=True)

    assert "There is no invoice in this list to put into a file." in words(none)
    assert "more than 500 invoices, the most that fit into one file" in words(many)
    assert not InvoiceArchive.objects.exists()


def test_nobody_keeps_the_worker_and_the_disk_for_themselves(
    anna: User, web: Client
) -> None:
    for number in range(4):
        make_invoice(anna, number=f"N-{number}")

    asked = [web.post(f"{ZIP}?q=N-{number}", follow=True) for number in range(4)]

    assert "3 files of yours are being made" not in words(asked[2])
    assert "3 files of yours are being made" in words(asked[3])
    # Pressed once more, one that is being made is shown.
    assert "being made" not in words(web.post(f"{ZIP}?q=N-1", follow=True))
    assert InvoiceArchive.objects.count() == 3

    for _number in range(12):
        InvoiceArchive.objects.update(finished_at=clock.now())
        web.post(f"{ZIP}?q=N-0")
    assert InvoiceArchive.objects.count() == archives.MOST_KEPT


def test_other_methods_and_unknown_ids(web: Client) -> None:
    assert web.post(CSV).status_code == web.get(ZIP).status_code == 405
    assert web.get(f"{ZIP}{uuid.uuid4()}/").status_code == 404
