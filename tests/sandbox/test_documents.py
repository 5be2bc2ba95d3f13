"""The PDF of an invoice: what a tax office wants to see on it."""

from __future__ import annotations

import io

import pypdf
import pytest
import requests
import stripe

from tests.sandbox.shop import EU_NUMBERS, Shop

PO = {"custom_fields": [{"name": "PO number", "value": "PRJ-2026-118"}]}


def buy(shop: Shop, customer: stripe.Customer, currency: str = "eur") -> stripe.Invoice:
    shop.give_card(customer.id)
    price_id = shop.price(4920, currency)
    return shop.invoice_of(shop.subscribe(customer.id, price_id, 12))


def text_of(invoice: stripe.Invoice) -> str:
    answer = requests.get(str(invoice.invoice_pdf), timeout=20)
    assert answer.headers["content-type"] == "application/pdf"
    assert f'"{invoice.number}.pdf"' in answer.headers["content-disposition"]
    pages = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    return "\n".join(page.extract_text() for page in pages)


def test_it_names_both_parties_the_tax_and_the_totals(shop: Shop) -> None:
    customer = shop.customer(
        "NL",
        name="Bureau Zoë & Søn",
        tax_id_data=[{"type": "eu_vat", "value": EU_NUMBERS["NL"]}],
        invoice_settings=PO,
    )
    invoice = buy(shop, customer)

    text = " ".join(text_of(invoice).split())
    for words in (
        str(invoice.number),
        "Portal Demo B.V.",
        "VAT NL004495445B01",
        "Bureau Zoë & Søn",
        f"VAT {EU_NUMBERS['NL']}",
        "Maaskade 85",
        "PRJ-2026-118",
        "12 × Diagrams Pro (at EUR 49.20 / year)",
        "VAT 21%",
        "EUR 590.40",
        "EUR 123.98",
        "EUR 714.38",
        "Netherlands",
        "VAT 21% on EUR 590.40",
        "Currency EUR",
        "Paid by card",
        "Amount paid EUR -714.38",
        "Amount due EUR 0.00",
    ):
        assert words in text, words


def test_it_is_in_the_customers_language(shop: Shop) -> None:
    customer = shop.customer("FI", preferred_locales=["nl"], invoice_settings=PO)
    invoice = buy(shop, customer)
    note = shop.client.v1.credit_notes.create(
        {"invoice": invoice.id, "amount": 1000, "refund_amount": 1000}
    )

    text = " ".join(text_of(invoice).split())
    for words in (
        f"Factuurnummer {invoice.number}",
        "Met een kaart betaald op",
        "1011 AA Amsterdam Nederland",
        "Prijs per eenheid",
        " Aantal ",
        "Inkoopordernummer PRJ-2026-118",
        "12 × Diagrams Pro (à EUR 49,20 / jaar)",
        "Subtotaal excl. btw EUR 590,40",
        "Btw 25,5% over EUR 590,40 EUR 150,55",
        "Totaal EUR 740,95",
        "Te betalen EUR 0,00",
    ):
        assert words in text, words
    page = pypdf.PdfReader(io.BytesIO(requests.get(note.pdf, timeout=20).content))
    assert f"Creditering van factuur {invoice.number}" in page.pages[0].extract_text()


def test_reverse_charge_is_said(shop: Shop) -> None:
    customer = shop.customer(
        "DE", tax_id_data=[{"type": "eu_vat", "value": EU_NUMBERS["DE"]}]
    )

    text = " ".join(text_of(buy(shop, customer)).split())

    assert "VAT, reverse charge, on EUR 590.40 EUR 0.00" in text
    assert "Reverse charge: the customer accounts for the VAT (article 196" in text
    assert "Germany" in text
    assert f"VAT {EU_NUMBERS['DE']}" in text


def test_a_rate_with_a_decimal_is_printed_as_it_is(shop: Shop) -> None:
    assert "VAT 25.5%" in text_of(buy(shop, shop.customer("FI")))


@pytest.mark.parametrize(
    ("currency", "total"), [("jpy", "JPY 71,438"), ("kwd", "KWD 71.438")]
)
def test_amounts_have_their_currencys_decimals(
    shop: Shop, currency: str, total: str
) -> None:
    assert total in text_of(buy(shop, shop.customer("NL"), currency))


def test_an_open_invoice_says_what_is_due(shop: Shop) -> None:
    customer = shop.customer("NL", card="pm_card_chargeCustomerFail")
    invoice = shop.invoice_of(shop.subscribe(customer.id, shop.price(4920)))

    text = text_of(invoice)

    assert "Due on receipt" in text
    assert "Amount due EUR 59.53" in " ".join(text.split())


def test_a_guessed_address_shows_nothing(shop: Shop) -> None:
    answer = requests.get(f"{shop.base}/i/guess/pdf", timeout=20)

    assert answer.status_code == 404


def test_the_same_invoice_is_the_same_file(shop: Shop) -> None:
    address = str(buy(shop, shop.customer()).invoice_pdf)

    first, second = (requests.get(address, timeout=20).content for _ in range(2))

    assert first == second
