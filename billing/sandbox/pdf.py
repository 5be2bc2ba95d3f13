"""Invoices and credit notes as PDFs, with what an EU tax office wants on them."""

from __future__ import annotations

import datetime as dt
from importlib import resources

from babel.core import Locale
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos

from billing.sandbox.amounts import amount
from billing.sandbox.seller import seller
from billing.sandbox.wire import Obj

FONT = "Fira"
type Row = tuple[str, ...]


def draw_invoice(found: Obj) -> bytes:
    """The PDF of a final invoice: parties, number, dates, lines, tax, totals."""
    pdf = _begin("Invoice", found)
    _facts(pdf, _invoice_facts(found))
    _parties(pdf, found)
    _lines(pdf, found)
    due = ("Amount due", _amount(found["amount_remaining"], found))
    _totals(pdf, [*_sums(found), *_paid(found), due])
    _notes(pdf, found)
    return bytes(pdf.output())


def draw_credit_note(found: Obj, invoice: Obj) -> bytes:
    """The PDF of a credit note for `invoice`: which, why, how much, and its tax."""
    pdf = _begin("Credit note", found)
    facts = [
        ("Credit note", found["number"]),
        ("Date of issue", _day(found["effective_at"])),
        ("For invoice", invoice["number"]),
        ("Currency", str(found["currency"]).upper()),
    ]
    facts += [("Reason", found["reason"].replace("_", " "))] if found["reason"] else []
    _facts(pdf, facts)
    _parties(pdf, invoice)
    rows = [
        (line["description"] or "", _rate(line), _amount(line["amount"], found))
        for line in found["lines"]["data"]
    ]
    head = ("Description", "VAT", "Amount")
    _table(pdf, (128, 18, 28), ("LEFT", "RIGHT", "RIGHT"), [head, *rows])
    _totals(pdf, _sums(found))
    _notes(pdf, found)
    return bytes(pdf.output())


def _begin(title: str, found: Obj) -> FPDF:
    pdf = FPDF(format="A4")
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


def _day(timestamp: int) -> str:
    return f"{_moment(timestamp):%d %b %Y}".lstrip("0")


def _amount(minor: int, found: Obj) -> str:
    return amount(minor, found["currency"])


def _invoice_facts(found: Obj) -> list[tuple[str, str]]:
    paid_at = found["status_transitions"]["paid_at"]
    facts = [
        ("Invoice number", found["number"]),
        ("Invoice date", _day(found["effective_at"])),
        (
            "Payment",
            f"Paid by card on {_day(paid_at)}" if paid_at else "Due on receipt",
        ),
        ("Currency", str(found["currency"]).upper()),
    ]
    own = found["custom_fields"] or []
    return facts + [(field["name"], field["value"]) for field in own]


def _facts(pdf: FPDF, facts: list[tuple[str, str]]) -> None:
    for label, value in facts:
        pdf.set_font(FONT, "B", 10)
        pdf.cell(40, 6, label)
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
        _country(address.get("country") or ""),
        found["customer_email"],
        *[f"VAT {number['value']}" for number in found["customer_tax_ids"] or []],
    ]
    ours = seller()
    sold_by = [ours.name, *ours.address, f"VAT {ours.vat_number}"]
    top = bottom = pdf.get_y()
    for column, (title, words) in enumerate((("Seller", sold_by), ("Bill to", buyer))):
        pdf.set_xy(18 + column * 88, top)
        pdf.set_font(FONT, "B", 10)
        pdf.cell(80, 6, title, new_x=XPos.LEFT, new_y=YPos.NEXT)
        pdf.set_font(FONT, "", 10)
        text = "\n".join(str(word) for word in words if word)
        pdf.multi_cell(80, 5, text, new_x=XPos.LEFT, new_y=YPos.NEXT)
        bottom = max(bottom, pdf.get_y())
    pdf.set_xy(18, bottom + 10)


def _country(code: str) -> str:
    return str(Locale("en").territories.get(code, code))


def _lines(pdf: FPDF, found: Obj) -> None:
    rows: list[Row] = [("Description", "Period", "Qty", "Unit price", "VAT", "Amount")]
    for line in found["lines"]["data"]:
        period = line["period"]
        unit = int(line["pricing"]["unit_amount_decimal"])
        rows.append(
            (
                line["description"],
                f"{_day(period['start'])} – {_day(period['end'])}",
                str(line["quantity"]),
                _amount(unit, found),
                _rate(line),
                _amount(line["amount"], found),
            )
        )
    aligned = ("LEFT", "LEFT", "RIGHT", "RIGHT", "RIGHT", "RIGHT")
    _table(pdf, (56, 45, 11, 23, 13, 26), aligned, rows)


def _rate(line: Obj) -> str:
    """The rates of a line; 0% where the reason why stands below."""
    return ", ".join(f"{tax['_percent']}%" for tax in line["taxes"] or [])


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
    rows = [("Subtotal excl. tax", _amount(found["subtotal"], found))]
    for tax in found["total_taxes"] or []:
        base = _amount(tax["taxable_amount"], found)
        if tax["taxability_reason"] == "reverse_charge":
            rows.append((f"VAT, reverse charge, on {base}", _amount(0, found)))
        elif tax["amount"]:
            label = f"VAT {tax['_percent']}% on {base}"
            rows.append((label, _amount(tax["amount"], found)))
    return [*rows, ("Total", _amount(found["total"], found))]


def _paid(found: Obj) -> list[tuple[str, str]]:
    paid = found["amount_paid"]
    return [("Amount paid", _amount(-paid, found))] if paid else []


def _totals(pdf: FPDF, rows: list[tuple[str, str]]) -> None:
    for label, value in rows:
        strong = label in {"Total", "Amount due"}
        if strong:
            pdf.line(108, pdf.get_y(), 192, pdf.get_y())
        pdf.set_font(FONT, "B" if strong else "", 10)
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
            "Reverse charge: the customer accounts for the VAT (article 196 of"
            " Directive 2006/112/EC).",
        )
