"""The page of an invoice, where it can be paid or confirmed, and its PDF."""

from __future__ import annotations

import html

from billing.sandbox.amounts import amount
from billing.sandbox.call import Call
from billing.sandbox.given import Given
from billing.sandbox.pages.base import Page, Visit
from billing.sandbox.pages.words import say
from billing.sandbox.resources import invoices, setup_intents
from billing.sandbox.resources.payment_methods import attach
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
        intent = invoices.authenticate(call, intent, passed=passed)
        _keep_card(call, intent)
        return intent
    if fresh["status"] not in PAYABLE:
        return intent
    if "number" in visit.form:
        method = setup_intents.typed_card(call, visit.form)
        invoices.settle(call, fresh, method["id"])
    elif intent["status"] != "requires_action":
        invoices.settle(call, fresh, invoices.default_card(call, fresh))
    intent = call.get(intent["id"], "payment_intent")
    _keep_card(call, intent)
    return intent


def _keep_card(call: Call, intent: Obj) -> None:
    """A card that was typed here and paid with is the customer's from now on."""
    if intent["status"] == "succeeded":
        method = call.get(intent["payment_method"], "payment_method")
        # The bank knows it now, as after a setup.
        method["_set_up"] = True
        attach(call, call.store.put(method), intent["customer"])


def _page(visit: Visit, found: Obj, sentence: str) -> Page:
    payable = found["status"] in PAYABLE
    card = _card(visit, found) if payable else ""
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
        button_html=pay if card else "",
        another_html=_another(visit, found, card) if payable else "",
        refusal_html=visit.refusal(sentence),
        back=_portal(visit),
    )


def _card(visit: Visit, found: Obj) -> str:
    """The card that would be charged; empty for none."""
    store = visit.sandbox.store
    with store.lock:
        subscription = store.get(invoices.subscription_of(found), "subscription")
        call = Call(store, Given({}), (), visit.sandbox.base)
        try:
            return invoices.card_for(call, found["customer"], subscription)
        except ApiError:
            # The customer is gone; whoever has the page can pay all the same.
            return ""


def _another(visit: Visit, found: Obj, card: str) -> str:
    """Markup of the form for a new card: open where there is no other way."""
    wanted = not card or "number" in visit.form
    return visit.filled(
        "another_card.html",
        action=f"/i/{found['_token']}",
        open=" open" if wanted else "",
        fields_html=visit.card_fields(),
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
