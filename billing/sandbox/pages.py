"""What a browser sees of the sandbox: the card frame, Checkout, invoices, PDFs.

All pages work without JavaScript but the card frame, which is only there with it.
"""

from __future__ import annotations

import dataclasses
import html
import json
import string
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from billing.sandbox.call import Call
from billing.sandbox.resources import invoices, setup_intents
from billing.sandbox.wire import ApiError, Obj, public

if TYPE_CHECKING:
    from billing.sandbox.server import Sandbox

WEB = Path(__file__).with_name("web")
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'self' http://127.0.0.1:* http://localhost:*;"
    " frame-ancestors 'self' http://127.0.0.1:* http://localhost:*"
)
FILES = {
    "/endive/stripe.js": ("stripe.js", "text/javascript"),
    "/web/frame.js": ("frame.js", "text/javascript"),
    "/web/sandbox.css": ("sandbox.css", "text/css"),
}
type Form = dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """An answer for a browser."""

    status: int
    content: str
    body: bytes
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


def answer(sandbox: Sandbox, verb: str, path: str, query: str, text: str) -> Page:
    """The page at `path`; 404 for one that isn't there."""
    if path == "/healthz":
        return Page(200, "text/plain", b"ok")
    if path in FILES:
        name, kind = FILES[path]
        body = (WEB / name).read_bytes()
        return Page(200, f"{kind}; charset=utf-8", body, {"Cache-Control": "no-cache"})
    form = dict(parse_qsl(query)) | dict(parse_qsl(text))
    for prefix, serve in ROUTES.items():
        if path.startswith(prefix):
            steps = path.removeprefix(prefix).strip("/").split("/")
            try:
                return serve(sandbox, verb, steps, form)
            except ApiError as refusal:
                return page("message.html", refusal.status, message=str(refusal))
    return page("message.html", 404, message="There is nothing at this address.")


def page(template: str, status: int = 200, /, **words: str) -> Page:
    """A template with its words filled in; words that are markup end in `_html`."""
    safe = {
        name: value if name.endswith("_html") else html.escape(value)
        for name, value in words.items()
    }
    source = string.Template((WEB / template).read_text())
    headers = {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    body = source.substitute(safe).encode()
    return Page(status, "text/html; charset=utf-8", body, headers)


def to_json(found: Obj, status: int = 200) -> Page:
    return Page(status, "application/json", json.dumps(public(found)).encode())


def see_other(url: str) -> Page:
    return Page(303, "text/plain", b"", {"Location": url})


def done(sandbox: Sandbox, work: Callable[[Call], Obj]) -> tuple[Obj, str]:
    """Do something in a transaction: the object, and why it was refused if it was."""
    refusal: ApiError | None = None
    found: Obj = {}
    with sandbox.store.transaction():
        try:
            found = work(Call(sandbox.store, {}, (), sandbox.base))
        except ApiError as error:
            if not error.keep and error.status == 404:
                raise
            refusal = error
    sandbox.courier.wake()
    return found, str(refusal) if refusal else ""


# The Payment Element's frame and its challenge, spoken to by stripe.js -------------

FRAME_WORDS = {
    "en": ("Card number", "Expiration date", "Security code", "MM / YY", "CVC"),
    "nl": ("Kaartnummer", "Vervaldatum", "Beveiligingscode", "MM / JJ", "CVC"),
}
CHALLENGE_WORDS = {
    "en": (
        "Your bank wants to see you",
        "This is the demo's stand-in for the page of your bank.",
        "Complete authentication",
        "Fail authentication",
    ),
    "nl": (
        "Uw bank wil zeker weten dat u het bent",
        "Dit is de vervanging van de pagina van uw bank in de demo.",
        "Verificatie voltooien",
        "Verificatie laten mislukken",
    ),
}


def elements(sandbox: Sandbox, verb: str, steps: list[str], form: Form) -> Page:
    language = "nl" if form.get("locale", "").startswith("nl") else "en"
    if steps == ["card"]:
        number, expiry, code, months, cvc = FRAME_WORDS[language]
        return page(
            "frame.html",
            language=language,
            number=number,
            expiry=expiry,
            code=code,
            months=months,
            cvc=cvc,
        )
    if steps == ["challenge"]:
        title, text, yes, no = CHALLENGE_WORDS[language]
        return page(
            "challenge_frame.html",
            language=language,
            title=title,
            text=text,
            yes=yes,
            no=no,
        )
    if verb == "POST" and steps in (["confirm"], ["authenticate"]):
        return _element_call(sandbox, steps[0], form)
    if steps == ["intent"]:
        return to_json(_intent(sandbox, form))
    raise ApiError("There is nothing at this address.", status=404)


def _intent(sandbox: Sandbox, form: Form) -> Obj:
    """The setup or payment intent whose secret the browser knows. Raises ApiError."""
    secret = form.get("client_secret", "")
    with sandbox.store.lock:
        found = sandbox.store.get(secret.split("_secret_")[0])
    if found is None or found.get("client_secret") != secret:
        raise ApiError("No such intent.", "resource_missing", status=404)
    return found


def _element_call(sandbox: Sandbox, action: str, form: Form) -> Page:
    intent = _intent(sandbox, form)
    passed = form.get("outcome") == "ok"

    def work(call: Call) -> Obj:
        fresh = call.get(intent["id"], intent["object"])
        if action == "confirm":
            return setup_intents.enter_card(call, fresh, form)
        if intent["object"] == "payment_intent":
            return invoices.authenticate(call, fresh, passed=passed)
        return setup_intents.authenticate(call, fresh, passed=passed)

    try:
        with sandbox.store.transaction():
            call = Call(sandbox.store, {}, (), sandbox.base)
            try:
                body, status = work(call), 200
            except ApiError as refusal:
                if not refusal.keep:
                    raise
                body, status = refusal.body(), refusal.status
    except ApiError as refusal:
        body, status = refusal.body(), refusal.status
    sandbox.courier.wake()
    return to_json(body, status)


# Checkout in setup mode: a card without any script of the portal -----------------


def checkout(sandbox: Sandbox, verb: str, steps: list[str], form: Form) -> Page:
    with sandbox.store.lock:
        session = sandbox.store.get(steps[0], "checkout.session")
    if session is None or session["status"] != "open":
        raise ApiError("This page is over. Go back to the portal.", status=404)
    refusal = ""
    if verb == "POST":
        intent, refusal = done(sandbox, lambda call: _session_step(call, session, form))
        if intent.get("status") == "succeeded":
            url = str(session["success_url"])
            return see_other(url.replace("{CHECKOUT_SESSION_ID}", session["id"]))
        if intent.get("status") == "requires_action":
            return challenge(f"/c/pay/{session['id']}")
    return page(
        "checkout.html",
        action=f"/c/pay/{session['id']}",
        refusal_html=_refusal(refusal),
        cancel=str(session["cancel_url"] or ""),
        number=form.get("number", ""),
        month=form.get("exp_month", ""),
        year=form.get("exp_year", ""),
        name=form.get("name", ""),
    )


def _session_step(call: Call, session: Obj, form: Form) -> Obj:
    intent = call.get(session["setup_intent"], "setup_intent")
    if "outcome" in form:
        intent = setup_intents.authenticate(
            call, intent, passed=form["outcome"] == "ok"
        )
    else:
        intent = setup_intents.enter_card(call, intent, form)
    if intent["status"] == "succeeded":
        setup_intents.complete_session(call, session)
    return intent


def challenge(action: str) -> Page:
    title, text, yes, no = CHALLENGE_WORDS["en"]
    return page("challenge.html", action=action, title=title, text=text, yes=yes, no=no)


def _refusal(sentence: str) -> str:
    if not sentence:
        return ""
    return f'<p class="refusal" role="alert">{html.escape(sentence)}</p>'


# The page of an invoice --------------------------------------------------------------


def invoice(sandbox: Sandbox, verb: str, steps: list[str], form: Form) -> Page:
    found = _by_token(sandbox, steps[0])
    if steps[1:] == ["pdf"]:
        # Loaded when first needed: drawing takes a library that starts slowly.
        from billing.sandbox.pdf import draw_invoice

        body = draw_invoice(sandbox.store, found)
        name = f"{found['number']}.pdf"
        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return Page(200, "application/pdf", body, headers)
    refusal = ""
    if verb == "POST":
        intent, refusal = done(sandbox, lambda call: _invoice_step(call, found, form))
        if intent.get("status") == "requires_action":
            return challenge(f"/i/{steps[0]}")
        found = _by_token(sandbox, steps[0])
        if found["status"] == "open" and not refusal:
            refusal = "The payment didn't go through. Try again, or use another card."
    return _invoice_page(sandbox, found, refusal)


def _by_token(sandbox: Sandbox, token: str) -> Obj:
    with sandbox.store.lock:
        for found in sandbox.store.every("invoice"):
            if found.get("_token") == token:
                return found
    raise ApiError("There is no such invoice.", status=404)


def _invoice_step(call: Call, found: Obj, form: Form) -> Obj:
    fresh = call.get(found["id"], "invoice")
    intent = call.get(fresh["_intent"], "payment_intent")
    if "outcome" in form:
        return invoices.authenticate(call, intent, passed=form["outcome"] == "ok")
    if fresh["status"] != "open":
        return intent
    if intent["status"] != "requires_action":
        invoices.settle(call, fresh, invoices.default_card(call, fresh))
    return call.get(intent["id"], "payment_intent")


def _invoice_page(sandbox: Sandbox, found: Obj, refusal: str) -> Page:
    is_open = found["status"] == "open"
    button = '<button class="primary">Pay</button>' if is_open else ""
    said = {
        "paid": "This invoice is paid. You can go back to the portal.",
        "void": "This invoice is void: nothing is to be paid.",
    }
    rows = "".join(
        f"<tr><td>{html.escape(line['description'])}</td>"
        f"<td>{_amount(line['amount'], found)}</td></tr>"
        for line in found["lines"]["data"]
    )
    return page(
        "invoice.html",
        number=found["number"],
        name=found["customer_name"] or "",
        rows_html=rows,
        tax=_amount(found["total"] - found["subtotal"], found),
        total=_amount(found["total"], found),
        said=said.get(found["status"], "This invoice is open."),
        action=f"/i/{found['_token']}",
        button_html=button,
        refusal_html=_refusal(refusal),
        back=_portal(sandbox),
    )


def _amount(minor: int, found: Obj) -> str:
    return f"{minor / 100:,.2f} {found['currency'].upper()}"


def _portal(sandbox: Sandbox) -> str:
    """Where the portal is, as far as the sandbox knows: where its webhooks go."""
    with sandbox.store.lock:
        endpoints: list[Any] = sandbox.store.every("webhook_endpoint")
    if not endpoints:
        return "/"
    return "/".join(str(endpoints[0]["url"]).split("/")[:3]) + "/products/"


ROUTES: dict[str, Callable[[Sandbox, str, list[str], Form], Page]] = {
    "/elements/": elements,
    "/c/pay/": checkout,
    "/i/": invoice,
}
