"""Paying an invoice that is open, through its page."""

from __future__ import annotations

import html
import re
import uuid

import pytest
import stripe
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from billing.models import Invoice, PaymentMethod, StripeOperation
from billing.services import operations
from billing.services.invoices import sync_invoice
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from tests.factories.billing import make_invoice
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import enter_card
from tests.subscriptions.changing import *
from tests.subscriptions.changing import invoices_at_stripe, read, settle
from tests.subscriptions.paying import *
from tests.subscriptions.paying import enter_on_stripes_page

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def web(anna: User, client: Client) -> Client:
    client.force_login(anna)
    return client


@pytest.fixture
def owed(unpaid: Subscription, stripe_client: stripe.StripeClient) -> Invoice:
    """The invoice of a renewal whose charge was declined."""
    found = sync_invoice(str(invoices_at_stripe(stripe_client, unpaid)[0].id))
    assert found is not None
    return found


def pane(invoice: Invoice) -> str:
    return reverse("billing:invoice_pay", args=[invoice.pk])


def pay(web: Client, invoice: Invoice, card: PaymentMethod, attempt: int = 0):
    form = {"payment": str(card.pk), "attempt": str(attempt)}
    return web.post(pane(invoice), form)


def words(response: HttpResponse) -> str:
    text = re.sub(r"<[^>]+>", " ", html.unescape(response.content.decode()))
    return re.sub(r"\s+", " ", text)


def test_a_past_due_invoice_is_paid_and_its_subscription_goes_on(
    web: Client, owed: Invoice, unpaid: Subscription, visa: PaymentMethod
) -> None:
    listed = web.get("/billing/invoices/?period=6-months").content.decode()
    assert f'href="{owed.pk}/pay/" data-pane>Pay now' in listed
    shown = words(web.get(pane(owed)))
    assert f"Charged now, tax included {owed.total}" in shown

    answer = pay(web, owed, visa)

    assert answer["Location"] == reverse("billing:invoice", args=[owed.pk])
    said = words(web.get(answer["Location"]))
    assert f"{owed.total} was charged to Visa •••• 4242" in said
    assert "Pay now" not in said
    owed.refresh_from_db()
    assert (owed.status, owed.remaining_minor) == ("paid", 0)
    state = lifecycle.state_at(read(unpaid), clock.now())
    assert state == lifecycle.ACTIVE


def test_declined_says_why_and_keeps_what_was_chosen(
    web: Client, owed: Invoice, visa: PaymentMethod, stripe_client: stripe.StripeClient
) -> None:
    poor = enter_card(stripe_client, visa.profile, "pm_card_chargeCustomerFail")

    answer = pay(web, owed, poor)

    assert answer.status_code == 422
    assert "The bank declined this card and gave no reason." in words(answer)
    page = answer.content.decode()
    assert re.search(rf'value="{poor.pk}" checked', page)
    assert 'name="attempt" value="1"' in page
    assert pay(web, owed, visa, attempt=1).status_code == 302
    owed.refresh_from_db()
    assert owed.status == "paid"


def test_a_second_press_is_told_how_the_first_one_went(
    web: Client, owed: Invoice, visa: PaymentMethod, stripe_client: stripe.StripeClient
) -> None:
    bad = enter_card(stripe_client, visa.profile, "pm_card_chargeCustomerFail")
    first = words(pay(web, owed, bad))

    again = words(pay(web, owed, bad))

    assert "The bank declined this card" in first
    assert "The bank declined this card" in again
    assert StripeOperation.objects.filter(kind="invoice.pay").count() == 1


def test_what_is_paid_cannot_be_paid_again(
    web: Client, owed: Invoice, visa: PaymentMethod
) -> None:
    pay(web, owed, visa)

    answer = pay(web, owed, visa, attempt=1)

    assert answer.status_code == 422
    assert "paid already. Nothing was charged again" in words(answer)
    assert 'name="payment"' not in web.get(pane(owed)).content.decode()
    assert StripeOperation.objects.filter(kind="invoice.pay").count() == 1


def test_paid_elsewhere_meanwhile_is_paid_once(
    web: Client, owed: Invoice, visa: PaymentMethod, stripe_client: stripe.StripeClient
) -> None:
    card = visa.stripe_payment_method_id
    stripe_client.v1.invoices.pay(owed.stripe_invoice_id, {"payment_method": card})

    answer = pay(web, owed, visa)

    assert answer.status_code == 302
    owed.refresh_from_db()
    assert (owed.status, owed.paid_minor) == ("paid", owed.total_minor)


def test_the_bank_asks_on_stripes_own_page(
    web: Client, owed: Invoice, visa: PaymentMethod, stripe_client: stripe.StripeClient
) -> None:
    asking = enter_card(stripe_client, visa.profile, "pm_card_authenticationRequired")

    answer = pay(web, owed, asking)

    assert answer["Location"] == pane(owed)
    page = web.get(pane(owed))
    assert "Your bank wants you to confirm this payment." in words(page)
    assert 'name="payment"' in page.content.decode()
    there = web.post(reverse("billing:invoice_confirm", args=[owed.pk]))
    found = stripe_client.v1.invoices.retrieve(owed.stripe_invoice_id)
    assert there["Location"] == found.hosted_invoice_url
    owed.refresh_from_db()
    assert owed.shown_status == "past_due"
    # Another card after all.
    assert pay(web, owed, visa, attempt=1).status_code == 302
    owed.refresh_from_db()
    assert owed.status == "paid"


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_a_lost_answer_is_told_and_found_out(
    web: Client,
    owed: Invoice,
    visa: PaymentMethod,
    sandbox: SandboxProcess,
    fault: str,
) -> None:
    sandbox.fault(fault, "POST", "/v1/invoices/", times=3)

    answer = pay(web, owed, visa)

    assert "hasn't answered yet" in words(web.get(answer["Location"]))
    assert "hasn't answered yet" in words(web.get(pane(owed)))
    pay(web, owed, visa)
    settle()
    operations.sweep()
    owed.refresh_from_db()
    assert owed.status == "paid"
    assert StripeOperation.objects.filter(kind="invoice.pay").count() == 1


def test_a_card_entered_on_stripes_page_pays(
    web: Client, owed: Invoice, visa: PaymentMethod, stripe_client: stripe.StripeClient
) -> None:
    there = web.post(pane(owed), {"payment": "new", "attempt": "0"})
    assert "/c/pay/cs_test_" in there["Location"]
    session = enter_on_stripes_page(stripe_client, visa.profile)

    page = web.get(pane(owed), {"card_session": session})

    assert "Entered just now" in words(page)
    setup = re.search(r'name="setup_intent" value="([^"]+)"', page.content.decode())
    assert setup
    form = {"payment": "new", "setup_intent": setup[1], "attempt": "0"}
    assert web.post(pane(owed), form).status_code == 302
    owed.refresh_from_db()
    assert owed.status == "paid"


def test_another_profiles_card_and_an_expired_one_cannot_pay(
    web: Client, owed: Invoice, visa: PaymentMethod, brams: PaymentMethod
) -> None:
    PaymentMethod.objects.filter(pk=visa.pk).update(exp_year=2020)

    foreign, expired = pay(web, owed, brams), pay(web, owed, visa)

    assert "That card can't pay for this billing profile" in words(foreign)
    assert "expired in 12/2020. Use another card." in words(expired)
    assert web.post(pane(owed), {}).status_code == 422
    assert web.post(pane(owed), {"payment": "x", "attempt": "-1"}).status_code == 422
    assert not StripeOperation.objects.filter(kind="invoice.pay").exists()


def test_what_waits_for_its_bank_is_confirmed_not_paid(anna: User, web: Client) -> None:
    waiting = make_invoice(anna, status="open", reason="subscription_create")

    page = web.get(pane(waiting))

    assert "Confirm the payment" in words(page)
    assert 'name="payment"' not in page.content.decode()
    answer = web.post(pane(waiting), {"payment": "new"})
    assert "This payment waits for your bank." in words(answer)


@pytest.mark.parametrize("rest", ["pay/", "confirm/"])
def test_it_is_the_purchasers_alone(
    anna: User, bram: User, carla: User, dirk: User, client: Client, rest: str
) -> None:
    invoice = make_invoice(anna, status="open", attempted=True)

    for stranger in (bram, carla, dirk):
        client.force_login(stranger)
        assert client.post(f"/billing/invoices/{invoice.pk}/{rest}").status_code == 404
    client.force_login(anna)
    missing = client.post(f"/billing/invoices/{uuid.uuid4()}/{rest}")
    assert missing.status_code == 404
    assert client.delete(f"/billing/invoices/{invoice.pk}/{rest}").status_code == 405


def test_void_and_in_dutch(anna: User, web: Client) -> None:
    void = make_invoice(anna, status="void")
    due = make_invoice(anna, status="open", attempted=True)

    assert "This invoice is void" in words(web.get(pane(void)))
    dutch = words(web.get(pane(due), headers={"Accept-Language": "nl"}))
    assert "Nu betalen" in dutch
    assert "Nu afgeschreven, inclusief btw" in dutch
