"""What stands on every page until the past due invoice is paid."""

from __future__ import annotations

import html
import re

import pytest
import stripe
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Invoice, PaymentMethod
from billing.services import owing
from billing.services.invoices import sync_invoice
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.factories.billing import make_invoice
from tests.factories.subscriptions import make_subscription
from tests.subscriptions.changing import *
from tests.subscriptions.changing import invoices_at_stripe
from tests.subscriptions.paying import *

pytestmark = pytest.mark.django_db
BANNER = "€121.00 is past due. People keep their licenses for now."


@pytest.fixture
def web(anna: User, client: Client) -> Client:
    client.force_login(anna)
    return client


def words(response: HttpResponse) -> str:
    text = re.sub(r"<[^>]+>", " ", html.unescape(response.content.decode()))
    return re.sub(r"\s+", " ", text)


def late(anna: User, **fields: object) -> Invoice:
    made = make_invoice(anna, status="open", attempted=True, **fields)
    owing.follow(made)
    return made


PAGES = ["/help/", "/my-licenses/", "/marketplace/", "/billing/invoices/"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_it_and_leads_to_the_payment(
    anna: User, web: Client, path: str
) -> None:
    invoice = late(anna)

    page = web.get(path)

    assert BANNER in words(page)
    link = f'href="{reverse("billing:invoice_pay", args=[invoice.pk])}" data-pane'
    assert link in page.content.decode()


def test_home_says_it_once_in_its_list_with_the_same_way_to_pay(
    anna: User, web: Client
) -> None:
    invoice = late(anna)
    make_subscription(anna)

    page = web.get("/")

    assert BANNER not in words(page)
    link = f'href="{reverse("billing:invoice_pay", args=[invoice.pk])}" data-pane'
    assert page.content.decode().count(link) == 1


def test_several_lead_to_their_list_and_currencies_are_not_added(
    anna: User, web: Client
) -> None:
    for currency in ("EUR", "EUR", "USD"):
        late(anna, currency=currency)

    page = web.get("/help/")

    assert "€242.00 + US$121.00 of 3 invoices is past due." in words(page)
    listed = web.get("/billing/invoices/?status=past_due")
    assert 'href="/billing/invoices/?status=past_due"' in page.content.decode()
    assert listed.context["count"] == 3


@pytest.mark.parametrize("rest", ["", "pay/"])
def test_its_own_page_says_it_once(anna: User, web: Client, rest: str) -> None:
    invoice = late(anna)

    assert BANNER not in words(web.get(f"/billing/invoices/{invoice.pk}/{rest}"))


def test_the_page_of_its_subscription_says_it_once(anna: User, web: Client) -> None:
    mine, other = make_subscription(anna), make_subscription(anna)
    late(anna, subscription_id=mine.pk)
    Subscription.objects.filter(pk=mine.pk).update(past_due_since=clock.now())

    shown, elsewhere = (web.get(f"/subscriptions/{s.pk}/") for s in (mine, other))

    assert BANNER not in words(shown)
    assert "The last payment failed." in words(shown)
    assert shown.content.decode().count(">Pay now<") == 1
    assert BANNER in words(elsewhere)


def test_whoever_owes_nothing_is_asked_nothing(
    anna: User, bram: User, client: Client
) -> None:
    make_invoice(anna)
    late_one = late(anna)
    counts = []
    for person in (bram, anna):
        client.force_login(person)
        client.get("/help/")
        with CaptureQueriesContext(connection) as seen:
            page = client.get("/help/")
        counts.append(len(seen))
        assert (BANNER in words(page)) is (person == anna)

    assert counts[1] == counts[0] + 1
    assert late_one.is_past_due


@pytest.mark.django_db(transaction=True)
def test_it_goes_with_the_payment(
    web: Client,
    anna: User,
    unpaid: Subscription,
    visa: PaymentMethod,
    stripe_client: stripe.StripeClient,
) -> None:
    assert "past due." not in words(web.get("/help/"))
    invoice = sync_invoice(str(invoices_at_stripe(stripe_client, unpaid)[0].id))
    assert invoice is not None
    assert f"{invoice.total} is past due." in words(web.get("/help/"))
    assert f"{invoice.total} is past due." in words(
        web.get("/help/", headers={"HX-Request": "false"})
    )

    form = {"payment": str(visa.pk), "attempt": "0"}
    web.post(f"/billing/invoices/{invoice.pk}/pay/", form)

    assert "is past due." not in words(web.get("/help/"))


def test_a_wrong_note_is_mended_at_night(anna: User, bram: User) -> None:
    make_invoice(anna, status="open", attempted=True)
    User.objects.filter(pk=bram.pk).update(has_past_due=True)

    assert owing.mend() == 2
    assert owing.mend() == 0

    anna.refresh_from_db()
    assert anna.has_past_due


def test_in_dutch(anna: User, web: Client) -> None:
    late(anna)

    page = web.get("/help/", headers={"Accept-Language": "nl"})

    assert "€ 121,00 is achterstallig." in words(page).replace("\xa0", " ")
