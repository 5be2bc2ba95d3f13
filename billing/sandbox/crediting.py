"""The sums of a credit note: its lines, its share of the tax, and what it leaves.

Shares are rounded so that notes for parts of an invoice add up to the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal

import stripe

from billing.sandbox import amounts
from billing.sandbox.call import Call
from billing.sandbox.documents import say
from billing.sandbox.given import Given
from billing.sandbox.wire import ApiError, Obj, missing


def former_notes(call: Call, invoice: Obj) -> list[Obj]:
    """Every credit note of an invoice that isn't void; newest first."""
    return [
        note
        for note in call.store.every("credit_note", invoice["customer"])
        if note["invoice"] == invoice["id"] and note["status"] != "void"
    ]


def build(call: Call, invoice: Obj) -> Obj:
    """The credit note that the request asks for, with its sums; nothing is stored.

    Raises ApiError when it would credit more than is left of the invoice.
    """
    given = call.params
    former = former_notes(call, invoice)
    found = call.new(
        stripe.CreditNote,
        "cn",
        currency=invoice["currency"],
        customer=invoice["customer"],
        effective_at=given.get("effective_at", call.now),
        invoice=invoice["id"],
        memo=given.get("memo"),
        reason=given.get("reason"),
        status="issued",
    )
    lines = _lines(call, invoice, former)
    found["lines"] = {
        "object": "list",
        "data": lines,
        "has_more": False,
        "url": f"/v1/credit_notes/{found['id']}/lines",
    }
    _sum_up(found, invoice)
    _check_left(found, invoice, former)
    _part(found, invoice)
    return found


def _lines(call: Call, invoice: Obj, former: list[Obj]) -> list[Obj]:
    given = call.params
    wanted = [name for name in ("amount", "lines") if name in given]
    if not wanted:
        raise ApiError(
            "One of `amount`, `lines`, or `shipping_cost` must be provided.",
            "parameter_missing",
            "amount",
        )
    if len(wanted) > 1:
        raise ApiError("You may only specify one of these parameters: amount, lines.")
    if wanted == ["amount"]:
        return [_whole(call, invoice, former, given["amount"])]
    return [
        _line(call, invoice, former, each, f"lines[{place}]")
        for place, each in enumerate(given["lines"])
    ]


def _whole(call: Call, invoice: Obj, former: list[Obj], amount: int) -> Obj:
    """One line for `amount`, tax included: each tax has its share of it."""
    _check_positive(amount, "amount")
    before = sum(note["total"] for note in former)
    of_tax = invoice["total_taxes"] or []
    shares = [
        _share(before + amount, tax["amount"], invoice["total"])
        - sum(note["total_taxes"][place]["amount"] for note in former)
        for place, tax in enumerate(of_tax)
    ]
    shares = [min(amount, max(0, share)) for share in shares]
    net = amount - sum(shares)
    taxes = [_tax(tax, share, net) for tax, share in zip(of_tax, shares, strict=True)]
    own = amount - _exclusive(taxes)
    words = say(
        invoice.get("_language", "en"), "Credit for invoice {}", invoice["number"]
    )
    found = _blank_line(call, "custom_line_item", own, words)
    return (
        found
        | {"unit_amount": own, "unit_amount_decimal": str(own)}
        | {
            "quantity": 1,
            "taxes": taxes,
        }
    )


def _line(call: Call, invoice: Obj, former: list[Obj], given: Given, place: str) -> Obj:
    if given["type"] == "invoice_line_item":
        return _of_line(call, invoice, former, given, place)
    if invoice["automatic_tax"]["enabled"]:
        raise ApiError(
            "custom_line_item is not valid when the invoice is set up with"
            " automatic_tax[enabled]=true.",
            param=f"{place}[type]",
        )
    quantity, unit = given.get("quantity", 1), given.get("unit_amount", 0)
    _check_positive(quantity * unit, f"{place}[unit_amount]")
    words = given.get("description") or ""
    return _blank_line(call, "custom_line_item", quantity * unit, words) | {
        "quantity": quantity,
        "unit_amount": unit,
        "unit_amount_decimal": str(unit),
        "taxes": [_tax(tax, 0, 0) for tax in invoice["total_taxes"] or []],
    }


def _of_line(
    call: Call, invoice: Obj, former: list[Obj], given: Given, place: str
) -> Obj:
    """A part of an invoice's line, by its amount without tax or by its quantity."""
    line = _invoice_line(invoice, given.get("invoice_line_item", ""))
    quantity = given.get("quantity")
    amount = given.get("amount")
    if amount is None:
        amount = _share(quantity or line["quantity"], line["amount"], line["quantity"])
    _check_positive(amount, f"{place}[amount]")
    earlier = list(_credited(former, line["id"]))
    before = sum(each["amount"] for each in earlier)
    if before + amount > line["amount"]:
        raise _too_much(
            amount, line["amount"] - before, invoice, f"{place}[amount]", "line item"
        )
    taxes = []
    for at, tax in enumerate(line["taxes"] or []):
        share = _share(before + amount, tax["amount"], line["amount"])
        share -= sum(each["taxes"][at]["amount"] for each in earlier)
        taxes.append(_tax(tax, share, amount))
    return _blank_line(call, "invoice_line_item", amount, line["description"]) | {
        "invoice_line_item": line["id"],
        "quantity": quantity,
        "taxes": taxes,
    }


def _invoice_line(invoice: Obj, line_id: str) -> Obj:
    for line in invoice["lines"]["data"]:
        if line["id"] == line_id:
            found: Obj = line
            return found
    raise missing("invoice line item", line_id)


def _credited(former: list[Obj], line_id: str) -> Iterator[Obj]:
    for note in former:
        for line in note["lines"]["data"]:
            if line["invoice_line_item"] == line_id:
                yield line


def _blank_line(call: Call, kind: str, amount: int, words: str) -> Obj:
    return call.new(
        stripe.CreditNoteLineItem,
        "cnli",
        amount=amount,
        description=words or None,
        type=kind,
    )


def _tax(tax: Obj, share: int, taxable: int) -> Obj:
    """The same tax as on the invoice, on a part of it."""
    return {**tax, "amount": share, "taxable_amount": taxable}


def _exclusive(taxes: Iterable[Obj]) -> int:
    return sum(t["amount"] for t in taxes if t["tax_behavior"] == "exclusive")


def _share(part: int, amount: int, whole: int) -> int:
    """`part` of `whole`, of `amount`, half away from zero."""
    exact = Decimal(part) * amount / (whole or 1)
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def _sum_up(found: Obj, invoice: Obj) -> None:
    lines = found["lines"]["data"]
    subtotal = sum(line["amount"] for line in lines)
    found["total_taxes"] = taxes = [
        _tax(
            tax,
            sum(line["taxes"][place]["amount"] for line in lines),
            sum(line["taxes"][place]["taxable_amount"] for line in lines),
        )
        for place, tax in enumerate(invoice["total_taxes"] or [])
    ]
    total = subtotal + _exclusive(taxes)
    net = total - sum(tax["amount"] for tax in taxes)
    found |= {
        "amount": total,
        "total": total,
        "subtotal": subtotal,
        "subtotal_excluding_tax": net,
        "total_excluding_tax": net,
    }


def _check_left(found: Obj, invoice: Obj, former: list[Obj]) -> None:
    left = invoice["total"] - sum(note["total"] for note in former)
    if found["total"] > left:
        raise _too_much(found["total"], left, invoice, "amount", "invoice")


def _too_much(asked: int, left: int, invoice: Obj, param: str, whose: str) -> ApiError:
    wanted, rest = (amounts.amount(each, invoice["currency"]) for each in (asked, left))
    return ApiError(
        f"The credit note amount ({wanted}) is greater than what is left to credit of"
        f" the {whose} ({rest}).",
        param=param,
    )


def _check_positive(amount: int, param: str) -> None:
    if amount <= 0:
        raise ApiError("Invalid positive integer", "parameter_invalid_integer", param)


def _part(found: Obj, invoice: Obj) -> None:
    """What is still to be paid gets less first; the rest was paid already."""
    before = min(found["total"], invoice["amount_remaining"])
    after = found["total"] - before
    kind = "mixed" if before and after else "post_payment" if after else "pre_payment"
    found |= {
        "pre_payment_amount": before,
        "post_payment_amount": after,
        "type": kind,
    }
