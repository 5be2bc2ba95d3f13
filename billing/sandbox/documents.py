"""The language of an invoice: of its lines, its PDF and its credit notes' PDFs.

Like Stripe's, the first of the customer's `preferred_locales` when the invoice is made;
English where that is a language that isn't known here.
"""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date

from billing.sandbox import amounts
from billing.sandbox.wire import Obj

DUTCH = {
    "Invoice": "Factuur",
    "Invoice number": "Factuurnummer",
    "Invoice date": "Factuurdatum",
    "Payment": "Betaling",
    "Paid by card on {}": "Met een kaart betaald op {}",
    "Due on receipt": "Te betalen bij ontvangst",
    "Currency": "Valuta",
    "Seller": "Verkoper",
    "Bill to": "Factureren aan",
    "PO number": "Inkoopordernummer",
    "VAT {}": "Btw-nummer {}",
    "Description": "Omschrijving",
    "Period": "Periode",
    "Qty": "Aantal",
    "Unit price": "Prijs per eenheid",
    "VAT": "Btw",
    "Amount": "Bedrag",
    "Subtotal excl. tax": "Subtotaal excl. btw",
    "VAT, reverse charge, on {}": "Btw verlegd, over {}",
    "VAT {} on {}": "Btw {} over {}",
    "Total": "Totaal",
    "Amount paid": "Betaald",
    "Amount due": "Te betalen",
    "Reverse charge: the customer accounts for the VAT (article 196 of"
    " Directive 2006/112/EC).": (
        "Btw verlegd: de afnemer draagt de btw af (artikel 196 van Richtlijn"
        " 2006/112/EG)."
    ),
    "Credit note": "Creditnota",
    "Date of issue": "Datum",
    "For invoice": "Voor factuur",
    "Reason": "Reden",
    "order change": "order gewijzigd",
    "duplicate": "dubbel afgeschreven",
    "fraudulent": "frauduleus",
    "product unsatisfactory": "niet tevreden",
    "Credit for invoice {}": "Creditering van factuur {}",
    "{} × {} (at {} / {})": "{} × {} (à {} / {})",
    "Unused time on {} × {} after {}": "Niet-gebruikte tijd van {} × {} na {}",
    "Remaining time on {} × {} after {}": "Resterende tijd van {} × {} na {}",
    "day": "dag",
    "week": "week",
    "month": "maand",
    "year": "jaar",
    "{} months": "{} maanden",
    "{} years": "{} jaar",
    "once": "eenmalig",
}


def language_of(customer: Obj) -> str:
    """`nl` or `en`."""
    first = next(iter(customer.get("preferred_locales") or []), "")
    return "nl" if first.split("-")[0] == "nl" else "en"


def say(language: str, english: str, *given: object) -> str:
    """The words in `language`, with what is `given` in their places."""
    words = DUTCH.get(english, english) if language == "nl" else english
    return words.format(*given)


def day(language: str, timestamp: int) -> str:
    """30 Nov 2026 or 30 nov 2026, in UTC."""
    moment = dt.datetime.fromtimestamp(timestamp, dt.UTC)
    if language == "nl":
        return format_date(moment, "d MMM y", locale="nl")
    return f"{moment.day} {moment:%b %Y}"


def amount(language: str, minor: int, currency: str) -> str:
    """EUR 1,234.56 or EUR 1.234,56."""
    written = amounts.amount(minor, currency)
    return written.translate(_COMMAS) if language == "nl" else written


def percent(language: str, number: str) -> str:
    """25.5% or 25,5%."""
    return f"{number.translate(_COMMAS) if language == 'nl' else number}%"


_COMMAS = str.maketrans(",.", ".,")
