"""Checkout, the invoice's page and the bank's: plain forms, in both languages."""

from __future__ import annotations

import re

import pytest
import requests
import stripe

from billing.sandbox.pages.words import DUTCH, preferred
from tests.sandbox.shop import Shop
from tests.sandbox_process import ROOT

NL = {"Accept-Language": "nl-NL,nl;q=0.9,en;q=0.5"}
BACK = "http://127.0.0.1:8000/back/?session={CHECKOUT_SESSION_ID}"
CARD = {"exp_month": "12", "exp_year": "2034", "cvc": "123", "name": "A. de Vries"}
WEB = ROOT / "billing/sandbox/web"


@pytest.fixture
def session(shop: Shop) -> stripe.checkout.Session:
    return shop.v1.checkout.sessions.create(
        {
            "mode": "setup",
            "customer": shop.customer().id,
            "currency": "eur",
            "success_url": BACK,
            "cancel_url": "http://127.0.0.1:8000/back/",
        }
    )


def path_of(shop: Shop, url: str | None) -> str:
    return str(url).removeprefix(shop.base)


def test_checkout_keeps_a_card_and_goes_back(
    shop: Shop, session: stripe.checkout.Session
) -> None:
    path = path_of(shop, session.url)
    assert 'name="cvc"' in requests.get(f"{shop.base}{path}", timeout=20).text

    answer = shop.post(path, number="4242 4242 4242 4242", **CARD)

    assert answer.status_code == 303
    assert answer.headers["location"] == BACK.replace(
        "{CHECKOUT_SESSION_ID}", session.id
    )
    done = shop.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["setup_intent.payment_method"]}
    )
    intent = done.setup_intent
    assert done.status == "complete"
    assert isinstance(intent, stripe.SetupIntent)
    assert intent.payment_method.billing_details.name == "A. de Vries"
    assert shop.events("checkout.session.completed")[0].data.object["id"] == session.id


def test_checkout_explains_a_refusal_and_keeps_what_was_typed(
    shop: Shop, session: stripe.checkout.Session
) -> None:
    path = path_of(shop, session.url)

    answer = shop.post(path, number="4000 0000 0000 9995", **CARD)

    assert 'role="alert">Your card has insufficient funds.' in answer.text
    assert 'value="4000 0000 0000 9995"' in answer.text
    assert 'value="123"' not in answer.text
    assert shop.post(path, number="4242424242424242", **CARD).status_code == 303


@pytest.mark.parametrize(("outcome", "status"), [("ok", 303), ("failed", 200)])
def test_checkout_shows_the_bank_when_it_asks(
    shop: Shop, session: stripe.checkout.Session, outcome: str, status: int
) -> None:
    path = path_of(shop, session.url)
    asked = shop.post(path, number="4000002500003155", **CARD)
    assert "Complete authentication" in asked.text

    answer = shop.post(path, outcome=outcome)

    assert answer.status_code == status
    assert ("unable to authenticate" in answer.text) == (outcome == "failed")


def test_a_finished_session_is_over(
    shop: Shop, session: stripe.checkout.Session
) -> None:
    path = path_of(shop, session.url)
    shop.post(path, number="4242424242424242", **CARD)

    assert shop.post(path, number="4242424242424242", **CARD).status_code == 404


def unpaid(shop: Shop, card: str) -> tuple[stripe.Invoice, str]:
    customer = shop.customer(card=card)
    invoice = shop.invoice_of(shop.subscribe(customer.id, shop.price(4920)))
    return invoice, path_of(shop, invoice.hosted_invoice_url)


def test_an_open_invoice_can_be_confirmed_on_its_page(shop: Shop) -> None:
    invoice, path = unpaid(shop, "pm_card_authenticationRequired")
    assert "EUR 59.53" in requests.get(f"{shop.base}{path}", timeout=20).text
    assert "Complete authentication" in shop.post(path).text

    answer = shop.post(path, outcome="ok")

    assert "This invoice is paid" in answer.text
    assert "<button" not in answer.text
    assert shop.v1.invoices.retrieve(str(invoice.id)).status == "paid"


def test_a_declined_invoice_stays_open_with_a_sentence(shop: Shop) -> None:
    invoice, path = unpaid(shop, "pm_card_chargeCustomerFail")

    answer = shop.post(path)

    assert "The payment didn&#x27;t go through" in answer.text
    assert shop.v1.invoices.retrieve(str(invoice.id)).status == "open"
    shop.give_card(str(invoice.customer))


def test_an_open_invoice_can_be_paid_with_another_card(shop: Shop) -> None:
    invoice, path = unpaid(shop, "pm_card_chargeCustomerFail")
    page = requests.get(f"{shop.base}{path}", timeout=20).text
    assert "<details><summary>Use another card" in page
    refused = shop.post(path, number="4000000000000002", **CARD).text
    assert "<details open>" in refused
    assert 'value="4000000000000002"' in refused
    assert "The payment didn&#x27;t go through" in refused

    answer = shop.post(path, number="5555 5555 5555 4444", **CARD)

    assert "This invoice is paid" in answer.text
    assert "<form" not in answer.text.split("</form>", 1)[1]
    cards = shop.v1.payment_methods.list({"customer": str(invoice.customer)}).data
    assert [card.card.brand for card in cards if card.card] == ["mastercard", "visa"]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"number": "4111111111111111"}, "only Stripe&#x27;s test cards work"),
        ({"number": "4242"}, "number is incomplete"),
        ({"cvc": "1"}, "security code is incomplete"),
    ],
)
def test_a_card_typed_wrongly_on_an_invoice_is_explained(
    shop: Shop, typed: dict[str, str], says: str
) -> None:
    invoice, path = unpaid(shop, "pm_card_chargeCustomerFail")
    tried = shop.v1.invoices.retrieve(str(invoice.id)).attempt_count

    answer = shop.post(path, **{"number": "4242424242424242", **CARD, **typed})

    assert says in answer.text
    assert shop.v1.invoices.retrieve(str(invoice.id)).attempt_count == tried


def test_another_card_of_an_invoice_can_want_the_bank_first(shop: Shop) -> None:
    invoice, path = unpaid(shop, "pm_card_authenticationRequired")
    asked = shop.post(path, number="4000002500003155", **CARD)
    assert "Complete authentication" in asked.text

    answer = shop.post(path, outcome="ok")

    assert "This invoice is paid" in answer.text
    cards = shop.v1.payment_methods.list({"customer": str(invoice.customer)}).data
    assert [card.card.last4 for card in cards if card.card] == ["3155", "3184"]


def test_an_invoice_without_any_card_offers_the_form_at_once(shop: Shop) -> None:
    invoice, path = unpaid(shop, "pm_card_chargeCustomerFail")
    card = shop.v1.payment_methods.list({"customer": str(invoice.customer)}).data[0]
    shop.v1.payment_methods.detach(card.id)

    page = requests.get(f"{shop.base}{path}", timeout=20).text

    assert "<details open>" in page
    assert page.count("<button") == 1


def test_pages_follow_the_browsers_language(
    shop: Shop, session: stripe.checkout.Session
) -> None:
    _, path = unpaid(shop, "pm_card_chargeCustomerFail")

    page = requests.get(str(session.url), headers=NL, timeout=20).text
    invoice = requests.post(f"{shop.base}{path}", headers=NL, timeout=20).text

    assert '<html lang="nl">' in page
    assert "Kaart invoeren" in page
    assert "De betaling is niet gelukt" in invoice
    assert "Deze factuur staat open." in invoice


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("nl", "nl"),
        ("nl-BE,fr;q=0.8", "nl"),
        ("en,nl;q=0.9", "en"),
        ("de,nl;q=0.5,en;q=0.7", "en"),
        ("fr", "en"),
        ("", "en"),
        ("nl;q=0, en", "en"),
        (";q=x", "en"),
    ],
)
def test_the_language_is_the_first_that_is_known(header: str, language: str) -> None:
    assert preferred(header) == language


def test_every_word_of_a_page_is_there_in_dutch() -> None:
    sources = [page.read_text() for page in WEB.glob("*.html")]
    marked = {word for text in sources for word in re.findall(r"\[\[(.+?)\]\]", text)}

    assert len(marked) > 15
    assert marked - DUTCH.keys() == set()


@pytest.mark.parametrize(
    "path", ["/nothing", "/c/pay/cs_test_guess", "/i/guess", "/elements/other"]
)
def test_what_is_not_there_is_a_page_that_says_so(shop: Shop, path: str) -> None:
    answer = requests.get(f"{shop.base}{path}", timeout=20)

    assert answer.status_code == 404
    assert "<h1>Sandbox</h1>" in answer.text


def test_pages_allow_no_inline_code(
    shop: Shop, session: stripe.checkout.Session
) -> None:
    answer = requests.get(str(session.url), timeout=20)

    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "style=" not in answer.text
    assert "<style" not in answer.text
    assert "<script" not in answer.text


def test_what_a_name_contains_is_text(shop: Shop) -> None:
    customer = shop.customer(card="pm_card_visa", name="<b>$name</b>")
    invoice = shop.invoice_of(shop.subscribe(customer.id, shop.price()))

    text = requests.get(str(invoice.hosted_invoice_url), timeout=20).text

    assert "&lt;b&gt;$name&lt;/b&gt;" in text


def test_the_script_is_served(shop: Shop) -> None:
    answer = requests.get(f"{shop.base}/endive/stripe.js", timeout=20)

    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "confirmSetup" in answer.text
