"""Your personal data: what is kept, to read and to take along."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from selfservice.accounts.models import User
from selfservice.activity.origin import Origin, acting
from selfservice.activity.services import mail
from tests.factories.billing import make_invoice
from tests.factories.licensing import give_licenses
from tests.factories.mail import make_letter
from tests.factories.subscriptions import make_subscription

pytestmark = pytest.mark.django_db

URL = "/personal-data/"


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def as_json(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content(client.get(f"{URL}my-data.json")))
    return found


@pytest.fixture
def life(anna: User, bram: User) -> None:
    with acting(Origin(anna.pk, "Anna", anna.email, lambda: "203.0.113.7")):
        give_licenses(make_subscription(anna), [bram, anna])
    make_invoice(anna)
    mail.queue(make_letter(anna))


def test_one_file_has_all_of_it(anna: User, client: Client, life: None) -> None:
    client.force_login(anna)

    found = as_json(client)

    assert found["person"][0]["email"] == anna.email
    assert found["purchases"][0]["product__name"]
    assert found["licenses"][0]["purchaser__display_name"] == "Anna de Vries"
    assert found["payment_methods"][0]["last4"] == "4242"
    assert found["invoices"][0]["bill_to"]["city"] == "Rotterdam"
    assert found["mails"][0]["address"] == anna.email
    assert found["activity"][0]["from"] == "203.0.113.7"
    assert "password" not in found["person"][0]


def test_the_same_comes_as_csv_files(anna: User, client: Client, life: None) -> None:
    client.force_login(anna)

    answer = client.get(f"{URL}my-data.zip")

    assert answer["Content-Disposition"] == 'attachment; filename="my-data.zip"'
    bundle = zipfile.ZipFile(io.BytesIO(content(answer)))
    assert {name.removesuffix(".csv") for name in bundle.namelist()} == set(
        as_json(client)
    ) - {"made_at"}
    text = bundle.read("person.csv").decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["Name"], row["Email"]) == (anna.display_name, anna.email)


def test_nobody_gets_what_is_about_somebody_else(
    bram: User, dirk: User, client: Client, life: None
) -> None:
    make_invoice(dirk)
    client.force_login(bram)

    found = as_json(client)

    assert [len(found[part]) for part in ("person", "licenses")] == [1, 1]
    for part in ("purchases", "invoices", "payment_methods", "mails", "activity"):
        assert found[part] == [], part


def test_the_page_says_what_is_kept_and_what_an_erasure_does(
    anna: User, client: Client
) -> None:
    client.force_login(anna)

    shown = client.get(URL).content.decode()
    fragment = client.get(URL, headers={"HX-Request": "true"}).content.decode()

    for words in ("Invoices", "Payment methods", "Emails to you", "Having it erased"):
        assert words in fragment
    assert "<main" in shown
    assert "<main" not in fragment
    for page in ("/help/", "/my-licenses/"):
        assert f'href="{URL}"' in client.get(page).content.decode()


def test_it_is_in_dutch(anna: User, client: Client) -> None:
    anna.language = "nl"
    anna.save()
    client.force_login(anna)

    assert "Uw persoonlijke gegevens" in client.get(URL).content.decode()
    make_invoice(anna)
    text = zipfile.ZipFile(io.BytesIO(content(client.get(f"{URL}my-data.zip"))))
    person = text.read("person.csv").decode("utf-8-sig")
    assert "Naam;" in person
    assert ";Lid;Nee;Ja;" in person
    invoices = text.read("invoices.csv").decode("utf-8-sig")
    assert ";Betaald;" in invoices
    assert "Noordzee Advies; Kade 1; 3011 AB Rotterdam; Nederland" in invoices


def test_only_for_who_has_signed_in_and_only_to_read(
    anna: User, client: Client
) -> None:
    assert client.get(f"{URL}my-data.json").status_code == 302
    client.force_login(anna)

    responses: list[HttpResponse] = [
        client.post(URL),
        client.post(f"{URL}my-data.json"),
        client.get(f"{URL}my-data.exe"),
    ]

    assert [r.status_code for r in responses] == [405, 405, 404]


def test_the_page_asks_for_none_of_it(anna: User, client: Client, life: None) -> None:
    client.force_login(anna)

    with CaptureQueriesContext(connection) as queries:
        client.get(URL)

    assert len(queries) <= 3
