"""The page of an invoice, where it can be paid or confirmed, and its PDF."""

from __future__ import annotations

import html

from billing.sandbox.amounts import amount
from billing.sandbox.call import Call
from billing.sandbox.pages.base import Page, Visit
from billing.sandbox.pages.words import say
from billing.sandbox.resources import invoices
from billing.sandbox.wire import ApiError, Obj

SAID = {
    "open": "This invoice is open.",
    "paid": "This invoice is paid. You can go back to the portal.",
    "void": "This invoice is void: nothing is to be paid.",
}
PAYABLE = {"open", "uncollectible"}


def serve(visit: Visit) -> Page:
    found = _by_token(visit)
    if visit.steps[1:] == ["pdf"]:
        return _pdf(found)
    sentence = ""
    if visit.verb == "POST":
        intent, refused = visit.done(
            lambda call: _step(call, found, visit), found["id"]
        )
        if intent.get("status") == "requires_action":
            return visit.challenge(f"/i/{visit.steps[0]}")
        found = _by_token(visit)
        sentence = str(refused or "")
        if found["status"] in PAYABLE and not sentence:
            sentence = "The payment didn't go through. Try again, or use another card."
    return _page(visit, found, sentence)


def _pdf(found: Obj) -> Page:
    # Loaded when first needed: drawing takes a library that starts slowly.
    from billing.sandbox.pdf import draw_invoice

    name = f"{found['number']}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Page(200, "application/pdf", draw_invoice(found), headers)


def _by_token(visit: Visit) -> Obj:
    with visit.sandbox.store.lock:
        for found in visit.sandbox.store.every("invoice"):
            if found.get("_token") == visit.steps[0]:
                return found
    raise ApiError("There is no such invoice.", status=404)


def _step(call: Call, found: Obj, visit: Visit) -> Obj:
    fresh = call.get(found["id"], "invoice")
    if not fresh.get("_intent"):
        return {}
    intent = call.get(fresh["_intent"], "payment_intent")
    if "outcome" in visit.form:
        passed = visit.form["outcome"] == "ok"
        return invoices.authenticate(call, intent, passed=passed)
    if fresh["status"] in PAYABLE and intent["status"] != "requires_action":
        invoices.settle(call, fresh, invoices.default_card(call, fresh))
    return call.get(intent["id"], "payment_intent")


def _page(visit: Visit, found: Obj, sentence: str) -> Page:
    pay = f'<button class="primary">{say(visit.language, "Pay")}</button>'
    rows = "".join(
        f"<tr><td>{html.escape(line['description'])}</td>"
        f"<td>{_amount(line['amount'], found)}</td></tr>"
        for line in found["lines"]["data"]
    )
    return visit.page(
        "invoice.html",
        number=found["number"],
        name=found["customer_name"] or "",
        rows_html=rows,
        tax=_amount(found["total"] - found["subtotal"], found),
        total=_amount(found["total"], found),
        said=say(visit.language, SAID.get(found["status"], SAID["open"])),
        action=f"/i/{found['_token']}",
        button_html=pay if found["status"] in PAYABLE else "",
        refusal_html=visit.refusal(sentence),
        back=_portal(visit),
    )


def _amount(minor: int, found: Obj) -> str:
    return amount(minor, found["currency"])


def _portal(visit: Visit) -> str:
    """Where the portal is, as far as the sandbox knows: where its webhooks go."""
    with visit.sandbox.store.lock:
        endpoints = visit.sandbox.store.every("webhook_endpoint")
    if not endpoints:
        return "/"
    return "/".join(str(endpoints[0]["url"]).split("/")[:3]) + "/products/"
