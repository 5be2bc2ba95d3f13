"""What a browser sees of the sandbox: the card frame, Checkout, invoices, PDFs.

All pages work without JavaScript but the card frame, which is only there with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from billing.sandbox.pages import checkout, credit_note, elements, invoice
from billing.sandbox.pages.base import WEB, Page, Visit
from billing.sandbox.pages.words import preferred
from billing.sandbox.wire import ApiError

if TYPE_CHECKING:
    from billing.sandbox.server import Sandbox

FILES = {
    "/endive/stripe.js": ("stripe.js", "text/javascript"),
    "/web/frame.js": ("frame.js", "text/javascript"),
    "/web/sandbox.css": ("sandbox.css", "text/css"),
}
ROUTES: dict[str, Callable[[Visit], Page]] = {
    "/elements/": elements.serve,
    "/c/pay/": checkout.serve,
    "/i/": invoice.serve,
    "/n/": credit_note.serve,
}


def answer(
    sandbox: Sandbox, verb: str, path: str, form: str, accept_language: str
) -> Page:
    """The page at `path`; 404 for one that isn't there."""
    if path == "/healthz":
        return Page(200, "text/plain", b"ok")
    if path in FILES:
        name, kind = FILES[path]
        body = (WEB / name).read_bytes()
        return Page(200, f"{kind}; charset=utf-8", body, {"Cache-Control": "no-cache"})
    given = dict(parse_qsl(form))
    # A frame is told by the page around it which language that is in.
    language = preferred(given.get("locale") or accept_language)
    for prefix, serve in ROUTES.items():
        if path.startswith(prefix):
            steps = path.removeprefix(prefix).strip("/").split("/")
            visit = Visit(sandbox, verb, steps, given, language)
            try:
                return serve(visit)
            except ApiError as refusal:
                return visit.message(refusal.status, str(refusal))
    visit = Visit(sandbox, verb, [], given, language)
    return visit.message(404, "There is nothing at this address.")
