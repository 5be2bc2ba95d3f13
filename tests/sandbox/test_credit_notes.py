"""Taking back a part of an invoice, and giving its money back."""

from __future__ import annotations

import io
from typing import Any

import pypdf
import pytest
import requests
import stripe

from tests.sandbox.shop import Shop


def paid(shop: Shop, country: str = "NL", amount: int = 9840) -> stripe.Invoice:
    """By card; 119.06 in NL: 98.40 and 21 % of tax."""
    customer = shop.customer(country, card="pm_card_visa")
    return shop.invoice_of(shop.subscribe(customer.id, shop.price(amount)))


def unpaid(shop: Shop) -> stripe.Invoice:
    """The same, open."""
    customer = shop.customer("NL", card="pm_card_visa")
    bought = shop.subscribe(
        customer.id, shop.price(9840), payment_behavior="default_incomplete"
    )
    return shop.invoice_of(bought)


def credit(shop: Shop, invoice: stripe.Invoice, **given: Any) -> stripe.CreditNote:
    return shop.v1.credit_notes.create({"invoice": str(invoice.id), **given})


def refund(shop: Shop, invoice: stripe.Invoice, amount: int) -> stripe.CreditNote:
    return credit(shop, invoice, amount=amount, refund_amount=amount)


def again(shop: Shop, invoice: stripe.Invoice) -> stripe.Invoice:
    return shop.v1.invoices.retrieve(str(invoice.id))


def tax_of(note: stripe.CreditNote) -> int:
    return sum(tax.amount for tax in note.total_taxes or [])


def test_a_paid_invoice_is_refunded_with_its_tax(shop: Shop) -> None:
    invoice = paid(shop)

    note = refund(shop, invoice, 11906)

    assert (note.total, note.subtotal, tax_of(note)) == (11906, 9840, 2066)
    assert (note.type, note.post_payment_amount, note.status) == (
        "post_payment",
        11906,
        "issued",
    )
    assert note.number == f"{invoice.number}-CN-01"
    made = shop.v1.refunds.retrieve(str(note.refunds[0].refund))
    assert (made.amount, made.status) == (11906, "succeeded")
    after = again(shop, invoice)
    assert (after.status, after.post_payment_credit_notes_amount) == ("paid", 11906)
    assert after.amount_paid == 11906


def test_its_events_tell_of_note_refund_and_invoice(shop: Shop) -> None:
    refund(shop, paid(shop), 5000)

    told = shop.events("credit_note.created", "charge.refunded", "invoice.updated")

    assert len(told) == 3
    before = told[0].data.previous_attributes
    assert before
    assert before.to_dict() == {"post_payment_credit_notes_amount": 0}


@pytest.mark.parametrize("parts", [(1, 3, 11902), (3968, 3969, 3969), (7001, 4905)])
def test_parts_add_up_to_the_whole_with_its_tax(
    shop: Shop, parts: tuple[int, ...]
) -> None:
    invoice = paid(shop)

    notes = [refund(shop, invoice, part) for part in parts]

    assert sum(note.total for note in notes) == 11906
    assert sum(tax_of(note) for note in notes) == 2066
    assert [note.number for note in notes] == [
        f"{invoice.number}-CN-{n:02d}" for n in range(1, len(parts) + 1)
    ]


def test_never_more_than_was_invoiced_is_credited(shop: Shop) -> None:
    invoice = paid(shop)
    refund(shop, invoice, 10000)

    with pytest.raises(stripe.InvalidRequestError, match=r"19\.07.*19\.06"):
        refund(shop, invoice, 1907)

    assert again(shop, invoice).post_payment_credit_notes_amount == 10000
    assert len(shop.v1.refunds.list().data) == 1


def test_a_refund_that_was_made_elsewhere_counts(shop: Shop) -> None:
    invoice = paid(shop)
    charge = shop.v1.charges.list({"customer": str(invoice.customer)}).data[0]
    shop.v1.refunds.create({"charge": charge.id, "amount": 10000})

    with pytest.raises(stripe.InvalidRequestError, match="unrefunded amount"):
        refund(shop, invoice, 11906)

    assert shop.v1.credit_notes.list({"invoice": str(invoice.id)}).data == []


def test_what_was_paid_must_go_somewhere(shop: Shop) -> None:
    invoice = paid(shop)

    with pytest.raises(stripe.InvalidRequestError, match="must equal the credit note"):
        credit(shop, invoice, amount=5000)
    with pytest.raises(stripe.InvalidRequestError, match="must equal the credit note"):
        credit(shop, invoice, amount=5000, refund_amount=4000, credit_amount=1001)


def test_it_can_go_to_card_balance_and_elsewhere_at_once(shop: Shop) -> None:
    invoice = paid(shop)

    note = credit(
        shop,
        invoice,
        amount=10000,
        refund_amount=5000,
        credit_amount=3000,
        out_of_band_amount=2000,
    )

    customer = shop.v1.customers.retrieve(str(invoice.customer))
    entry = shop.v1.customers.balance_transactions.retrieve(
        customer.id, str(note.customer_balance_transaction)
    )
    assert customer.balance == -3000
    assert (entry.type, entry.amount, entry.credit_note) == (
        "credit_note",
        -3000,
        note.id,
    )
    assert (note.out_of_band_amount, note.refunds[0].amount_refunded) == (2000, 5000)


def test_a_refund_can_be_linked_once(shop: Shop) -> None:
    invoice = paid(shop)
    charge = shop.v1.charges.list({"customer": str(invoice.customer)}).data[0]
    made = shop.v1.refunds.create({"charge": charge.id, "amount": 1000})

    note = credit(shop, invoice, amount=1000, refunds=[{"refund": made.id}])

    assert note.refunds[0].refund == made.id
    with pytest.raises(stripe.InvalidRequestError, match="can't be linked"):
        credit(shop, invoice, amount=1000, refunds=[{"refund": made.id}])


def test_an_open_invoice_asks_for_less(shop: Shop) -> None:
    invoice = unpaid(shop)

    note = credit(shop, invoice, amount=1906)

    after = again(shop, invoice)
    assert (note.type, note.pre_payment_amount) == ("pre_payment", 1906)
    assert (after.amount_due, after.amount_remaining, after.total) == (
        10000,
        10000,
        11906,
    )
    settled = shop.v1.invoices.pay(str(invoice.id))
    assert (settled.status, settled.amount_paid) == ("paid", 10000)
    charge = shop.v1.charges.list({"customer": str(invoice.customer)}).data[0]
    assert charge.amount == 10000


def test_an_open_invoice_that_is_credited_to_nothing_is_paid(shop: Shop) -> None:
    invoice = unpaid(shop)

    credit(shop, invoice, amount=11906)

    after = again(shop, invoice)
    assert (after.status, after.amount_paid, after.amount_due) == ("paid", 0, 0)
    assert len(shop.events("payment_intent.canceled")) == 1
    assert shop.v1.subscriptions.list().data[0].status == "active"


def test_a_void_note_asks_for_everything_again(shop: Shop) -> None:
    invoice = unpaid(shop)
    note = credit(shop, invoice, amount=1906)

    void = shop.v1.credit_notes.void_credit_note(note.id)

    assert (void.status, bool(void.voided_at)) == ("void", True)
    assert again(shop, invoice).amount_due == 11906
    assert credit(shop, invoice, amount=11906).number == f"{invoice.number}-CN-02"


def test_money_that_went_back_stays_there(shop: Shop) -> None:
    note = refund(shop, paid(shop), 1000)

    with pytest.raises(stripe.InvalidRequestError, match="open invoice"):
        shop.v1.credit_notes.void_credit_note(note.id)


def test_a_void_invoice_has_nothing_to_credit(shop: Shop) -> None:
    invoice = unpaid(shop)
    shop.v1.invoices.void_invoice(str(invoice.id))

    with pytest.raises(stripe.InvalidRequestError, match="void"):
        credit(shop, invoice, amount=100)


def test_a_line_is_credited_by_amount_or_quantity(shop: Shop) -> None:
    customer = shop.customer("NL", card="pm_card_visa")
    invoice = shop.invoice_of(shop.subscribe(customer.id, shop.price(4920), 10))
    line = {
        "type": "invoice_line_item",
        "invoice_line_item": invoice.lines.data[0].id,
    }

    three = credit(
        shop, invoice, lines=[{**line, "quantity": 3}], refund_amount=14760 + 3100
    )
    rest = credit(
        shop, invoice, lines=[{**line, "amount": 34440}], refund_amount=34440 + 7232
    )

    assert (three.subtotal, tax_of(three)) == (14760, 3100)
    assert three.total + rest.total == invoice.total
    with pytest.raises(stripe.InvalidRequestError, match=r"EUR 0\.01"):
        credit(shop, invoice, lines=[{**line, "amount": 1}], refund_amount=1)


def test_a_custom_line_is_refused_with_automatic_tax(shop: Shop) -> None:
    line = {"type": "custom_line_item", "unit_amount": 100, "quantity": 1}

    with pytest.raises(stripe.InvalidRequestError, match="automatic_tax"):
        credit(shop, paid(shop), lines=[line], refund_amount=100)


def test_a_preview_is_what_will_be_made(shop: Shop) -> None:
    invoice = paid(shop)
    given = {"invoice": str(invoice.id), "amount": 777, "refund_amount": 777}

    shown = shop.v1.credit_notes.preview(given)
    lines = shop.v1.credit_notes.preview_lines.list(given)
    assert shop.v1.credit_notes.list().data == []
    made = shop.v1.credit_notes.create(given)

    assert (shown.total, tax_of(shown), shown.number) == (
        made.total,
        tax_of(made),
        made.number,
    )
    assert lines.data[0].amount == made.lines.data[0].amount


def test_without_tax_there_is_none_to_give_back(shop: Shop) -> None:
    invoice = paid(shop, "US")

    note = refund(shop, invoice, 9840)

    assert (note.total, note.subtotal, tax_of(note)) == (9840, 9840, 0)


def test_its_pdf_names_the_invoice_and_the_tax(shop: Shop) -> None:
    invoice = paid(shop)
    note = credit(
        shop, invoice, amount=11906, refund_amount=11906, reason="order_change"
    )

    answer = requests.get(note.pdf, timeout=20)

    assert answer.headers["content-type"] == "application/pdf"
    pages = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    text = "\n".join(page.extract_text() for page in pages)
    for words in (note.number, str(invoice.number), "VAT 21%", "EUR 119.06", "Seller"):
        assert words in text, words
    assert requests.get(f"{shop.base}/n/guess/pdf", timeout=20).status_code == 404
