"""The Payment Element's frame and the bank's challenge, spoken to by stripe.js."""

from __future__ import annotations

from billing.sandbox.call import Call
from billing.sandbox.pages.base import Page, Visit, to_json
from billing.sandbox.pages.words import say
from billing.sandbox.resources import invoices, setup_intents
from billing.sandbox.wire import ApiError, Obj

FRAMES = {"card": "frame.html", "challenge": "challenge_frame.html"}


def serve(visit: Visit) -> Page:
    step = visit.steps[0]
    if step in FRAMES:
        return visit.page(FRAMES[step], scheme=visit.form.get("scheme", ""))
    if step == "intent":
        # Stripe's script asks from the portal's page; the secret is the permission.
        return to_json(_intent(visit), headers={"Access-Control-Allow-Origin": "*"})
    if visit.verb == "POST" and step in {"confirm", "authenticate"}:
        return _act(visit, step)
    raise ApiError("There is nothing at this address.", status=404)


def _intent(visit: Visit) -> Obj:
    """The setup or payment intent whose secret the browser knows. Raises ApiError."""
    secret = visit.form.get("client_secret", "")
    with visit.sandbox.store.lock:
        found = visit.sandbox.store.get(secret.split("_secret_")[0])
    if found is None or found.get("client_secret") != secret:
        raise ApiError("No such intent.", "resource_missing", status=404)
    return found


def _act(visit: Visit, action: str) -> Page:
    try:
        intent = _intent(visit)
    except ApiError as refusal:
        return to_json(refusal.body(), refusal.status)

    def work(call: Call) -> Obj:
        fresh = call.get(intent["id"], intent["object"])
        if action == "confirm":
            return setup_intents.enter_card(call, fresh, visit.form)
        passed = visit.form.get("outcome") == "ok"
        if intent["object"] == "payment_intent":
            return invoices.authenticate(call, fresh, passed=passed)
        return setup_intents.authenticate(call, fresh, passed=passed)

    found, refused = visit.done(work, intent["id"])
    if refused is None:
        return to_json(found)
    # Stripe's script tells the buyer in the language of the element.
    sentence = say(visit.language, refused.envelope["message"])
    return to_json({"error": refused.envelope | {"message": sentence}}, refused.status)
