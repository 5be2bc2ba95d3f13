"""Invoices and credit notes as PDFs, with what an EU tax office wants on them."""

from __future__ import annotations

import datetime as dt
from importlib import resources
from typing import Literal

from babel.core import Locale
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos

from billing.sandbox import documents
from billing.sandbox.seller import seller
from billing.sandbox.wire import Obj

FONT = "Fira"
type Row = tuple[str, ...]


def draw_invoice(found: Obj) -> bytes:
    """The PDF of a final invoice: parties, number, dates, lines, tax, totals."""
    pdf = _begin("Invoice", found)
    _facts(pdf, found, _invoice_facts(found))
    _parties(pdf, found)
    _lines(pdf, found)
    _totals(pdf, found)
    if paid := found["amount_paid"]:
        _sum(pdf, _say(found, "Amount paid"), _amount(-paid, found))
    _total(pdf, _say(found, "Amount due"), _amount(found["amount_remaining"], found))
    _notes(pdf, found)
    return bytes(pdf.output())


def draw_credit_note(found: Obj, invoice: Obj) -> bytes:
    """The PDF of a credit note for `invoice`: which, why, how much, and its tax."""
    found = found | {"_language": _language(invoice)}
    pdf = _begin("Credit note", found)
    facts = [
        ("Credit note", found["number"]),
        ("Date of issue", _day(found, found["effective_at"])),
        ("For invoice", invoice["number"]),
        ("Currency", str(found["currency"]).upper()),
    ]
    reason = (found["reason"] or "").replace("_", " ")
    facts += [("Reason", _say(found, reason))] if reason else []
    _facts(pdf, found, facts)
    _parties(pdf, invoice)
    rows = [
        (line["description"] or "", _rate(found, line), _amount(line["amount"], found))
        for line in found["lines"]["data"]
    ]
    head = tuple(_say(found, word) for word in ("Description", "VAT", "Amount"))
    _table(pdf, (128, 18, 28), ("LEFT", "RIGHT", "RIGHT"), [head, *rows])
    _totals(pdf, found)
    _notes(pdf, found)
    return bytes(pdf.output())


def _begin(english: str, found: Obj) -> FPDF:
    title = _say(found, english)
    pdf = FPDF(format="A4")
    pdf.set_lang(_language(found))
    pdf.set_title(f"{title} {found['number']}")
    # fpdf2 stamps the time of drawing; a document is dated by its number.
    pdf.set_creation_date(_moment(found["effective_at"]))
    _add_fonts(pdf)
    pdf.add_page()
    pdf.set_margins(18, 18)
    pdf.set_font(FONT, "B", 20)
    pdf.cell(0, 12, title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    return pdf


def _add_fonts(pdf: FPDF) -> None:
    folder = resources.files("fontpkg_fira_sans")
    regular = next(p for p in _files(folder) if p.endswith("FiraSans-Regular.ttf"))
    bold = next(p for p in _files(folder) if p.endswith("FiraSans-SemiBold.ttf"))
    pdf.add_font(FONT, "", regular)
    pdf.add_font(FONT, "B", bold)


def _files(folder: resources.abc.Traversable) -> list[str]:
    found: list[str] = []
    for item in folder.iterdir():
        found += _files(item) if item.is_dir() else [str(item)]
    return found


def _moment(timestamp: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(timestamp, dt.UTC)


def _language(found: Obj) -> str:
    """Of documents made before they had one: English."""
    return str(found.get("_language") or "en")


def _say(found: Obj, english: str, *given: object) -> str:
    return documents.say(_language(found), english, *given)


def _day(found: Obj, timestamp: int) -> str:
    return documents.day(_language(found), timestamp)


def _amount(minor: int, found: Obj) -> str:
    return documents.amount(_language(found), minor, found["currency"])


def _invoice_facts(found: Obj) -> list[tuple[str, str]]:
    paid_at = found["status_transitions"]["paid_at"]
    paid = paid_at and _say(found, "Paid by card on {}", _day(found, paid_at))
    facts = [
        ("Invoice number", found["number"]),
        ("Invoice date", _day(found, found["effective_at"])),
        ("Payment", paid or _say(found, "Due on receipt")),
        ("Currency", str(found["currency"]).upper()),
    ]
    own = found["custom_fields"] or []
    return facts + [(field["name"], field["value"]) for field in own]


def _facts(pdf: FPDF, found: Obj, facts: list[tuple[str, str]]) -> None:
    for label, value in facts:
        pdf.set_font(FONT, "B", 10)
        pdf.cell(40, 6, _say(found, label))
        pdf.set_font(FONT, "", 10)
        pdf.cell(0, 6, str(value), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(6)


def _parties(pdf: FPDF, found: Obj) -> None:
    address = found["customer_address"] or {}
    buyer = [
        found["customer_name"],
        address.get("line1"),
        address.get("line2"),
        f"{address.get('postal_code') or ''} {address.get('city') or ''}".strip(),
        address.get("state"),
        _country(found, address.get("country") or ""),
        found["customer_email"],
        *[
            _say(found, "VAT {}", number["value"])
            for number in found["customer_tax_ids"] or []
        ],
    ]
    ours = seller()
    there = {str(Locale(name).territories[ours.country]) for name in ("en", "nl")}
    street = [line for line in ours.address if line not in there]
    sold_by = [
        ours.name,
        *street,
        _country(found, ours.country),
        _say(found, "VAT {}", ours.vat_number),
    ]
    top = bottom = pdf.get_y()
    for column, (title, words) in enumerate((("Seller", sold_by), ("Bill to", buyer))):
        pdf.set_xy(18 + column * 88, top)
        pdf.set_font(FONT, "B", 10)
        pdf.cell(80, 6, _say(found, title), new_x=XPos.LEFT, new_y=YPos.NEXT)
        pdf.set_font(FONT, "", 10)
        text = "\n".join(str(word) for word in words if word)
        pdf.multi_cell(80, 5, text, new_x=XPos.LEFT, new_y=YPos.NEXT)
        bottom = max(bottom, pdf.get_y())
    pdf.set_xy(18, bottom + 10)


def _country(found: Obj, code: str) -> str:
    return str(Locale(_language(found)).territories.get(code, code))


def _lines(pdf: FPDF, found: Obj) -> None:
    head = ("Description", "Period", "Qty", "Unit price", "VAT", "Amount")
    rows: list[Row] = [tuple(_say(found, word) for word in head)]
    for line in found["lines"]["data"]:
        period = line["period"]
        unit = int(line["pricing"]["unit_amount_decimal"])
        rows.append(
            (
                line["description"],
                f"{_day(found, period['start'])} – {_day(found, period['end'])}",
                str(line["quantity"]),
                _amount(unit, found),
                _rate(found, line),
                _amount(line["amount"], found),
            )
        )
    aligned = ("LEFT", "LEFT", "RIGHT", "RIGHT", "RIGHT", "RIGHT")
    _table(pdf, (52, 45, 14, 24, 13, 26), aligned, rows)


def _rate(found: Obj, line: Obj) -> str:
    """The rates of a line; 0% where the reason why stands below."""
    return ", ".join(_percent(found, tax) for tax in line["taxes"] or [])


def _percent(found: Obj, tax: Obj) -> str:
    return documents.percent(_language(found), tax["_percent"])


def _table(pdf: FPDF, widths: tuple[int, ...], aligned: Row, rows: list[Row]) -> None:
    pdf.set_font(FONT, "", 9)
    with pdf.table(
        col_widths=widths,
        text_align=aligned,
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        line_height=5,
        padding=1,
    ) as table:
        for row in rows:
            table.row(row)
    pdf.ln(6)


def _sums(found: Obj) -> list[tuple[str, str]]:
    """Down to the total, which is drawn by itself."""
    subtotal = _say(found, "Subtotal excl. tax")
    rows = [(subtotal, _amount(found["subtotal"], found))]
    for tax in found["total_taxes"] or []:
        base = _amount(tax["taxable_amount"], found)
        if tax["taxability_reason"] == "reverse_charge":
            label = _say(found, "VAT, reverse charge, on {}", base)
            rows.append((label, _amount(0, found)))
        elif tax["amount"]:
            label = _say(found, "VAT {} on {}", _percent(found, tax), base)
            rows.append((label, _amount(tax["amount"], found)))
    return rows


def _totals(pdf: FPDF, found: Obj) -> None:
    for label, value in _sums(found):
        _sum(pdf, label, value)
    _total(pdf, _say(found, "Total"), _amount(found["total"], found))


def _total(pdf: FPDF, label: str, value: str) -> None:
    pdf.line(108, pdf.get_y(), 192, pdf.get_y())
    _sum(pdf, label, value, "B")


def _sum(pdf: FPDF, label: str, value: str, style: Literal["", "B"] = "") -> None:
    pdf.set_font(FONT, style, 10)
    pdf.cell(134, 7, label, align="R")
    pdf.cell(0, 7, value, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _notes(pdf: FPDF, found: Obj) -> None:
    """What the law wants said where the buyer accounts for the tax.

    Source: Directive 2006/112/EC, articles 196 and 226 (11a)
    """
    reasons = {tax["taxability_reason"] for tax in found["total_taxes"] or []}
    if "reverse_charge" in reasons:
        pdf.ln(6)
        pdf.set_font(FONT, "", 9)
        pdf.multi_cell(
            0,
            5,
            _say(
                found,
                "Reverse charge: the customer accounts for the VAT (article 196 of"
                " Directive 2006/112/EC).",
            ),
        )
