"""Entering a card: setup intents, and Checkout's page in setup mode."""

from __future__ import annotations

import secrets

import stripe

from billing.sandbox.call import Call, merge_metadata
from billing.sandbox.cards import card_error, declined
from billing.sandbox.contract import blank
from billing.sandbox.resources import handles
from billing.sandbox.resources.payment_methods import (
    attach,
    behaviour_of,
    card_of,
    make_card,
)
from billing.sandbox.wire import ApiError, Obj, public

UNFINISHED = {"requires_payment_method", "requires_confirmation", "requires_action"}


@handles("POST /v1/setup_intents")
def create(call: Call) -> Obj:
    found = new_intent(call, call.params.get("customer"))
    merge_metadata(found, call.params)
    call.save(found, "setup_intent.created")
    if call.params.get("payment_method"):
        found["payment_method"] = call.params["payment_method"]
        found["status"] = "requires_confirmation"
        call.store.put(found)
    if call.params.get("confirm"):
        return confirm_with(call, found, card_of(call, found["payment_method"]))
    return found


def new_intent(call: Call, customer_id: str | None) -> Obj:
    if customer_id:
        call.get(customer_id, "customer")
    found = call.new(
        stripe.SetupIntent,
        "seti",
        status="requires_payment_method",
        customer=customer_id,
        usage=call.params.get("usage", "off_session"),
        payment_method_types=["card"],
    )
    found["client_secret"] = f"{found['id']}_secret_{secrets.token_hex(12)}"
    wanted = call.params.get("automatic_payment_methods")
    if wanted:
        found["automatic_payment_methods"] = {
            "enabled": wanted["enabled"],
            "allow_redirects": wanted.get("allow_redirects", "always"),
        }
    return found


@handles("GET /v1/setup_intents/{intent}")
def retrieve(call: Call) -> Obj:
    return call.get(call.ids[0], "setup_intent")


@handles("GET /v1/setup_intents")
def every(call: Call) -> Obj:
    return call.listed(
        call.store.every("setup_intent", call.params.get("customer", ""))
    )


@handles("POST /v1/setup_intents/{intent}/confirm")
def confirm(call: Call) -> Obj:
    found = call.get(call.ids[0], "setup_intent")
    method = call.params.get("payment_method") or found["payment_method"]
    if not method:
        raise ApiError("You need a payment method to confirm.", param="payment_method")
    return confirm_with(call, found, card_of(call, method))


@handles("POST /v1/setup_intents/{intent}/cancel")
def cancel(call: Call) -> Obj:
    found = call.get(call.ids[0], "setup_intent")
    if found["status"] not in UNFINISHED:
        raise _unexpected(found, "canceled")
    before = dict(found)
    found["status"] = "canceled"
    return call.save(found, "setup_intent.canceled", before)


def confirm_with(call: Call, found: Obj, method: Obj) -> Obj:
    """Confirm with a card: done, refused, or the bank wants to see the buyer.

    Raises ApiError; the intent is then as before, with what the bank said.
    """
    if found["status"] not in UNFINISHED:
        raise _unexpected(found, "confirmed")
    behaviour = behaviour_of(method)
    if behaviour.entering:
        raise fail(call, found, declined(behaviour.entering))
    found["payment_method"] = method["id"]
    if behaviour.challenge:
        found["status"] = "requires_action"
        found["next_action"] = blank(stripe.SetupIntent.NextAction) | {
            "type": "use_stripe_sdk"
        }
        return call.save(found, "setup_intent.requires_action")
    return succeed(call, found)


def fail(call: Call, found: Obj, refusal: ApiError) -> ApiError:
    """Note a refusal on the intent, and hand it back to be raised."""
    error = {**blank(stripe.SetupIntent.LastSetupError), **refusal.envelope}
    found |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_setup_error": error,
    }
    call.save(found, "setup_intent.setup_failed")
    refusal.envelope["setup_intent"] = public(found)
    return refusal.kept()


def succeed(call: Call, found: Obj) -> Obj:
    method = call.get(found["payment_method"], "payment_method")
    # The bank knows it now, and asks no more where it asks only once.
    method["_set_up"] = True
    call.store.put(method)
    if found["customer"]:
        attach(call, method, found["customer"])
    found |= {"status": "succeeded", "next_action": None, "last_setup_error": None}
    return call.save(found, "setup_intent.succeeded")


def authenticate(call: Call, found: Obj, *, passed: bool) -> Obj:
    """The bank's answer after the challenge."""
    if found["status"] != "requires_action":
        return found
    if passed:
        return succeed(call, found)
    raise fail(
        call, found, authentication_failed("setup_intent_authentication_failure")
    )


def authentication_failed(code: str) -> ApiError:
    """The bank's challenge wasn't passed, or is yet to come."""
    if code == "subscription_payment_intent_requires_action":
        return ApiError(
            "Payment for this subscription requires additional user action before it"
            " can be completed successfully. Payment can be completed using the"
            " PaymentIntent associated with `subscription.latest_invoice`.",
            code,
            status=402,
            kind="card_error",
        )
    if code == "invoice_payment_intent_requires_action":
        # Not a 402: the invoice's payment isn't refused, it waits.
        return ApiError(
            "This payment requires additional user action before it can be completed"
            " successfully. Payment can be completed using the PaymentIntent associated"
            " with the invoice.",
            code,
        )
    return ApiError(
        "We are unable to authenticate your payment method. Please choose a different"
        " payment method and try again.",
        code,
        status=402,
    )


def enter_card(call: Call, found: Obj, given: Obj) -> Obj:
    """Confirm with a card typed into a page of the sandbox. Raises ApiError."""
    return confirm_with(call, found, typed_card(call, given))


def typed_card(call: Call, given: Obj) -> Obj:
    """A card typed into one of the sandbox's own pages. Raises ApiError."""
    if len(given.get("cvc", "").strip()) < 3:
        raise card_error(
            "incomplete_cvc", "Your card's security code is incomplete.", "cvc"
        )
    return make_card(
        call,
        number=given.get("number", ""),
        month=_whole(given.get("exp_month", "")),
        year=_whole(given.get("exp_year", "")) % 2000 + 2000,
        name=given.get("name", ""),
    )


def _whole(text: str) -> int:
    """The number that somebody typed; 0, which is no month, for anything else."""
    return int(text) if text.strip().isdecimal() and len(text) < 5 else 0


def _unexpected(found: Obj, verb: str) -> ApiError:
    return ApiError(
        f"This SetupIntent has status {found['status']} and can't be {verb}.",
        "setup_intent_unexpected_state",
    )


@handles("POST /v1/checkout/sessions")
def create_session(call: Call) -> Obj:
    if call.params.get("mode") != "setup":
        raise ApiError("The sandbox knows Checkout in setup mode only.", param="mode")
    intent = new_intent(call, call.params.get("customer"))
    call.save(intent, "setup_intent.created")
    found = call.new(
        stripe.checkout.Session,
        "cs_test",
        mode="setup",
        status="open",
        payment_status="no_payment_required",
        customer=call.params.get("customer"),
        setup_intent=intent["id"],
        success_url=call.params.get("success_url"),
        cancel_url=call.params.get("cancel_url"),
        expires_at=call.now + 86_400,
        payment_method_types=["card"],
        ui_mode="hosted_page",
        currency=call.params.get("currency"),
        custom_fields=[],
        shipping_options=[],
    )
    found["url"] = f"{call.base}/c/pay/{found['id']}"
    merge_metadata(found, call.params)
    return call.save(found)


@handles("GET /v1/checkout/sessions/{session}")
def retrieve_session(call: Call) -> Obj:
    return call.get(call.ids[0], "checkout.session")


def complete_session(call: Call, session: Obj) -> Obj:
    """The card is in: the session is over."""
    session |= {"status": "complete", "url": None}
    return call.save(session, "checkout.session.completed")
