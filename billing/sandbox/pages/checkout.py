"""Checkout in setup mode: a card without any script of the portal."""

from __future__ import annotations

from billing.sandbox.call import Call
from billing.sandbox.pages.base import Page, Visit, see_other
from billing.sandbox.resources import setup_intents
from billing.sandbox.wire import ApiError, Obj


def serve(visit: Visit) -> Page:
    session_id = visit.steps[0]
    with visit.sandbox.store.lock:
        session = visit.sandbox.store.get(session_id, "checkout.session")
    if session is None or session["status"] != "open":
        raise ApiError("This page is over. Go back to the portal.", status=404)
    sentence = ""
    if visit.verb == "POST":
        intent, refused = visit.done(
            lambda call: _step(call, session, visit), session_id
        )
        if intent.get("status") == "succeeded":
            url = str(session["success_url"])
            return see_other(url.replace("{CHECKOUT_SESSION_ID}", session_id))
        if intent.get("status") == "requires_action":
            return visit.challenge(f"/c/pay/{session_id}")
        sentence = str(refused or "")
    return visit.page(
        "checkout.html",
        action=f"/c/pay/{session_id}",
        refusal_html=visit.refusal(sentence),
        cancel=str(session["cancel_url"] or ""),
        fields_html=visit.card_fields(),
    )


def _step(call: Call, session: Obj, visit: Visit) -> Obj:
    intent = call.get(session["setup_intent"], "setup_intent")
    if "outcome" in visit.form:
        passed = visit.form["outcome"] == "ok"
        intent = setup_intents.authenticate(call, intent, passed=passed)
    else:
        intent = setup_intents.enter_card(call, intent, visit.form)
    if intent["status"] == "succeeded":
        setup_intents.complete_session(call, session)
    return intent
