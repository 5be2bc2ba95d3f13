"""Credit notes: taking back a part of an invoice, and giving its money back."""

from __future__ import annotations

import secrets

from billing.sandbox import amounts, billing_run, charges, credit, crediting
from billing.sandbox.call import Call, created_within, merge_metadata
from billing.sandbox.given import Given
from billing.sandbox.resources import handles
from billing.sandbox.resources.invoices import after_payment
from billing.sandbox.wire import ApiError, Obj

CREDITABLE = {"open", "paid", "uncollectible"}


@handles("POST /v1/credit_notes")
def create(call: Call) -> Obj:
    invoice, found = _asked(call)
    token = secrets.token_urlsafe(18)
    found |= {"pdf": f"{call.base}/n/{token}/pdf", "_token": token}
    merge_metadata(found, call.params)
    _give_back(call, found, invoice)
    call.save(found, "credit_note.created")
    _lessen(call, found, invoice)
    return found


def _asked(call: Call) -> tuple[Obj, Obj]:
    """The invoice, and the credit note that is asked for; nothing is done yet."""
    call.params.accept("email_type")
    invoice = call.get(call.params["invoice"], "invoice")
    if invoice["status"] not in CREDITABLE:
        raise ApiError(
            f"You can't create a credit note for an invoice that is"
            f" {invoice['status']}.",
            param="invoice",
        )
    found = crediting.build(call, invoice)
    every = call.store.every("credit_note", invoice["customer"])
    number = sum(note["invoice"] == invoice["id"] for note in every) + 1
    found["number"] = f"{invoice['number']}-CN-{number:02d}"
    found["out_of_band_amount"] = call.params.get("out_of_band_amount")
    _check_parts(call, found)
    return invoice, found


def _check_parts(call: Call, found: Obj) -> None:
    """What was paid goes back to the card, to the balance, or some other way."""
    given = call.params
    parts = [
        given.get(name) or 0
        for name in ("refund_amount", "credit_amount", "out_of_band_amount")
    ]
    if min(parts) < 0:
        raise ApiError("Invalid positive integer", "parameter_invalid_integer")
    parts += [_linked_amount(call, each) for each in given.get("refunds", [])]
    if sum(parts) != found["post_payment_amount"]:
        asked, needed = (
            amounts.amount(each, found["currency"])
            for each in (sum(parts), found["post_payment_amount"])
        )
        raise ApiError(
            f"The sum of refunds, credit amount, and out of band amount ({asked}) must"
            f" equal the credit note post_payment_amount ({needed})."
        )


def _linked_amount(call: Call, given: Given) -> int:
    if given.get("type", "refund") != "refund":
        raise ApiError("The sandbox links refunds only.", param="refunds[0][type]")
    refund = call.get(given.get("refund", ""), "refund")
    return int(given.get("amount_refunded", refund["amount"]))


def _give_back(call: Call, found: Obj, invoice: Obj) -> None:
    given = call.params
    found["refunds"] = [
        _link(call, invoice, each["refund"], _linked_amount(call, each))
        for each in given.get("refunds", [])
    ]
    if given.get("refund_amount"):
        charge = _charge_of(call, invoice)
        refund = charges.refund(call, charge, given["refund_amount"])
        found["refunds"].append(_entry(refund["id"], refund["amount"]))
    if given.get("credit_amount"):
        entry = credit.change(
            call,
            found["customer"],
            "credit_note",
            -given["credit_amount"],
            found["currency"],
            credit_note=found["id"],
            invoice=invoice["id"],
        )
        found["customer_balance_transaction"] = entry["id"]


def _entry(refund_id: str, amount: int) -> Obj:
    return {
        "amount_refunded": amount,
        "payment_record_refund": None,
        "refund": refund_id,
        "type": "refund",
    }


def _link(call: Call, invoice: Obj, refund_id: str, amount: int) -> Obj:
    """A refund that was made before, and isn't in another credit note yet."""
    refund = call.get(refund_id, "refund")
    used = sum(
        each["amount_refunded"]
        for note in crediting.former_notes(call, invoice)
        for each in note["refunds"]
        if each["refund"] == refund_id
    )
    if refund["charge"] != _charge_of(call, invoice)["id"]:
        raise ApiError(
            f"The refund {refund_id} is not of a payment of this invoice.",
            param="refunds[0][refund]",
        )
    if not 0 < amount <= refund["amount"] - used:
        raise ApiError(
            f"The refund {refund_id} can't be linked with that amount.",
            param="refunds[0][amount_refunded]",
        )
    return _entry(refund_id, amount)


def _charge_of(call: Call, invoice: Obj) -> Obj:
    """The charge that paid an invoice. Raises ApiError when none did."""
    intent = call.store.get(invoice.get("_intent") or "", "payment_intent")
    if intent is None or intent["status"] != "succeeded":
        raise ApiError(
            "The invoice was not paid with a charge, so there is nothing to refund.",
            param="refund_amount",
        )
    return call.get(intent["latest_charge"], "charge")


def _lessen(call: Call, found: Obj, invoice: Obj, sign: int = 1) -> None:
    """The invoice counts its credit notes, and asks for less; -1 undoes it."""
    before = dict(invoice)
    less = sign * found["pre_payment_amount"]
    invoice["pre_payment_credit_notes_amount"] += less
    invoice["post_payment_credit_notes_amount"] += found["post_payment_amount"]
    invoice["amount_due"] -= less
    invoice["amount_remaining"] -= less
    call.save(invoice, "invoice.updated", before)
    if not less:
        return
    if invoice["amount_remaining"] == 0:
        _nothing_due(call, invoice)
    else:
        _ask_for(call, invoice)


def _nothing_due(call: Call, invoice: Obj) -> None:
    """Credited to nothing, an open invoice is as good as paid."""
    intent = call.get(invoice["_intent"], "payment_intent")
    intent |= {"status": "canceled", "canceled_at": call.now, "next_action": None}
    call.save(intent, "payment_intent.canceled")
    payment = call.get(invoice["_payment"], "invoice_payment")
    payment["status"] = "canceled"
    payment["status_transitions"]["canceled_at"] = call.now
    call.store.put(payment)
    billing_run.mark_paid(call, invoice, None)
    after_payment(call, invoice)


def _ask_for(call: Call, invoice: Obj) -> None:
    """The payment that is under way is for what the invoice asks for now."""
    intent = call.get(invoice["_intent"], "payment_intent")
    call.store.put(intent | {"amount": invoice["amount_remaining"]})
    payment = call.get(invoice["_payment"], "invoice_payment")
    call.store.put(payment | {"amount_requested": invoice["amount_remaining"]})


@handles("GET /v1/credit_notes/preview")
def preview(call: Call) -> Obj:
    return _asked(call)[1]


@handles("GET /v1/credit_notes/preview/lines")
def preview_lines(call: Call) -> Obj:
    return call.listed(_asked(call)[1]["lines"]["data"])


@handles("GET /v1/credit_notes/{id}")
def retrieve(call: Call) -> Obj:
    return call.get(call.ids[0], "credit_note")


@handles("POST /v1/credit_notes/{id}")
def update(call: Call) -> Obj:
    found = call.get(call.ids[0], "credit_note")
    before = dict(found)
    if "memo" in call.params:
        found["memo"] = call.params["memo"] or None
    merge_metadata(found, call.params)
    return call.save(found, "credit_note.updated", before)


@handles("GET /v1/credit_notes")
def every(call: Call) -> Obj:
    found = call.store.every("credit_note", call.params.get("customer", ""))
    if "invoice" in call.params:
        found = [note for note in found if note["invoice"] == call.params["invoice"]]
    return call.listed(created_within(found, call.params.get("created")))


@handles("GET /v1/credit_notes/{credit_note}/lines")
def lines(call: Call) -> Obj:
    return call.listed(call.get(call.ids[0], "credit_note")["lines"]["data"])


@handles("POST /v1/credit_notes/{id}/void")
def void(call: Call) -> Obj:
    """Only while the invoice is open: money that went back stays there."""
    found = call.get(call.ids[0], "credit_note")
    invoice = call.get(found["invoice"], "invoice")
    if invoice["status"] != "open" or found["type"] != "pre_payment":
        raise ApiError("You can only void a credit note of an open invoice.")
    if found["status"] == "void":
        raise ApiError("This credit note is already void.")
    found |= {"status": "void", "voided_at": call.now}
    call.save(found, "credit_note.voided")
    _lessen(call, found, invoice, -1)
    return found
