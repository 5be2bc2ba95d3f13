"""The PDF of a credit note."""

from __future__ import annotations

from billing.sandbox.pages.base import Page, Visit
from billing.sandbox.wire import ApiError


def serve(visit: Visit) -> Page:
    # Loaded when first needed: drawing takes a library that starts slowly.
    from billing.sandbox.pdf import draw_credit_note

    store = visit.sandbox.store
    with store.lock:
        for found in store.every("credit_note"):
            if [found["_token"], "pdf"] == visit.steps:
                invoice = store.get(found["invoice"], "invoice") or {}
                headers = {
                    "Content-Disposition": f'inline; filename="{found["number"]}.pdf"'
                }
                body = draw_credit_note(found, invoice)
                return Page(200, "application/pdf", body, headers)
    raise ApiError("There is no such credit note.", status=404)
