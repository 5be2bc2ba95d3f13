"""Invoices, their payments, and what a purchase would cost."""

from __future__ import annotations

from billing.sandbox import billing_run, clock, credit, pending
from billing.sandbox.billing_run import Item
from billing.sandbox.call import Call, created_within, merge_metadata
from billing.sandbox.cards import declined
from billing.sandbox.resources import handles
from billing.sandbox.resources.payment_methods import own_card
from billing.sandbox.resources.setup_intents import authentication_failed
from billing.sandbox.wire import ApiError, Obj

# Nothing is to be paid any more.
SETTLED = {"paid", "void", "uncollectible"}


def items_of(call: Call, given: list[Obj], start: int) -> list[Item]:
    """What a new subscription's items cost for their first period."""
    items = []
    for each in given:
        if "price" not in each:
            raise ApiError(
                "Missing required param: price.", "parameter_missing", "price"
            )
        price = call.get(each["price"], "price")
        if not price["active"]:
            raise ApiError(
                f"The price {price['id']} is inactive.", param="items[0][price]"
            )
        quantity = each.get("quantity", 1)
        end = period_end(price, start)
        amount = price["unit_amount"] * quantity
        items.append(Item(price, quantity, start, end, amount))
    if len({item.price["currency"] for item in items}) != 1:
        raise ApiError("All prices must have the same currency.", param="items")
    return items


def period_end(price: Obj, start: int) -> int:
    """When the billing period that begins at `start` ends."""
    recurring = price["recurring"]
    if recurring is None:
        raise ApiError("The price must be recurring.", param="items[0][price]")
    return clock.add_periods(recurring, start, 1)


@handles("GET /v1/invoices/{invoice}")
def retrieve(call: Call) -> Obj:
    return call.get(call.ids[0], "invoice")


@handles("GET /v1/invoices")
def every(call: Call) -> Obj:
    found = call.store.every("invoice", call.params.get("customer", ""))
    if "status" in call.params:
        found = [i for i in found if i["status"] == call.params["status"]]
    if "subscription" in call.params:
        wanted = call.params["subscription"]
        found = [i for i in found if subscription_of(i) == wanted]
    return call.listed(created_within(found, call.params.get("created")))


def subscription_of(invoice: Obj) -> str:
    """The id of the subscription that an invoice is for; empty for none."""
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    return str(details.get("subscription") or "")


@handles("POST /v1/invoices/{invoice}")
def update(call: Call) -> Obj:
    found = call.get(call.ids[0], "invoice")
    before = dict(found)
    found["metadata"] = found["metadata"] or {}
    merge_metadata(found, call.params)
    return call.save(found, "invoice.updated", before)


@handles("POST /v1/invoices/{invoice}/finalize")
def finalize(call: Call) -> Obj:
    """A draft becomes final before its hour is over; it is charged when that is."""
    found = call.get(call.ids[0], "invoice")
    found["auto_advance"] = call.params.get("auto_advance", found["auto_advance"])
    return billing_run.finalize(call, found)


@handles("POST /v1/invoices/{invoice}/pay")
def pay(call: Call) -> Obj:
    found = call.get(call.ids[0], "invoice")
    call.params.accept("off_session")
    if found["status"] not in {"open", "uncollectible"}:
        raise ApiError(f"Invoice is already {found['status']}.", "invoice_not_open")
    method = call.params.get("payment_method")
    if method:
        own_card(call, method, found["customer"], "payment_method")
    outcome = settle(call, found, method or default_card(call, found))
    if outcome == "action":
        raise authentication_failed("invoice_payment_intent_requires_action").kept()
    if outcome != "paid":
        raise declined(outcome).kept()
    return found


def default_card(call: Call, found: Obj) -> str:
    """The card that an invoice would be charged to. Raises ApiError without one."""
    subscription = call.store.get(subscription_of(found), "subscription")
    method = card_for(call, found["customer"], subscription)
    if not method:
        raise ApiError(
            "There is no default payment method set on this Customer or Subscription.",
            "resource_missing",
        )
    return method


def card_for(call: Call, customer_id: str, subscription: Obj | None) -> str:
    """The card that would be charged: the subscription's own, else the customer's.

    Empty when there is none, or when it was taken off the customer.
    """
    customer = call.get(customer_id, "customer")
    choices = [
        (subscription or {}).get("default_payment_method"),
        customer["invoice_settings"]["default_payment_method"],
    ]
    for method_id in filter(None, choices):
        method = call.store.get(method_id, "payment_method")
        if method is not None and method["customer"] == customer_id:
            return str(method_id)
    return ""


def settle(call: Call, found: Obj, method: str) -> str:
    """Charge it, and let the subscription behind it follow."""
    outcome = billing_run.pay(call, found, method)
    after_payment(call, found)
    return outcome


def after_payment(call: Call, found: Obj) -> None:
    """Paying makes a subscription active: its first invoice, or its latest one.

    So does giving up the latest one: void or uncollectible, nothing is due.
    """
    subscription = call.store.get(subscription_of(found), "subscription")
    if subscription is None:
        return
    settled = found["status"] in SETTLED
    if found["status"] == "paid":
        pending.apply(call, subscription, found)
    elif settled and pending.give_up(call, subscription, found):
        # It was for more than there is; what is due for that stays due.
        return
    first = subscription["status"] == "incomplete" and found["status"] == "paid"
    latest = call.store.get(subscription["latest_invoice"] or "", "invoice") or found
    over = subscription["status"] == "past_due" and latest["status"] in SETTLED
    # A refused attempt at an older invoice mends nothing.
    if first or (over and settled):
        before = dict(subscription)
        subscription["status"] = "active"
        call.save(subscription, "customer.subscription.updated", before)


@handles("POST /v1/invoices/{invoice}/void")
def void(call: Call) -> Obj:
    found = call.get(call.ids[0], "invoice")
    if found["status"] not in {"open", "uncollectible"}:
        raise ApiError(
            f"You can't void an invoice that is {found['status']}.",
            "invoice_not_editable",
        )
    void_invoice(call, found)
    after_payment(call, found)
    subscription = call.store.get(subscription_of(found), "subscription")
    if subscription and subscription["status"] == "incomplete":
        before = dict(subscription)
        subscription |= {"status": "incomplete_expired", "ended_at": call.now}
        call.save(subscription, "customer.subscription.updated", before)
    return found


@handles("POST /v1/invoices/{invoice}/mark_uncollectible")
def mark_uncollectible(call: Call) -> Obj:
    found = call.get(call.ids[0], "invoice")
    if found["status"] != "open":
        raise ApiError(
            f"You can't mark an invoice as uncollectible that is {found['status']}.",
            "invoice_not_editable",
        )
    found |= {"status": "uncollectible", "next_payment_attempt": None}
    found["status_transitions"]["marked_uncollectible_at"] = call.now
    call.save(found, "invoice.marked_uncollectible")
    after_payment(call, found)
    return found


def void_invoice(call: Call, found: Obj) -> None:
    found |= {"status": "void", "next_payment_attempt": None}
    found["status_transitions"]["voided_at"] = call.now
    intent = call.store.get(found.get("_intent", ""), "payment_intent")
    if intent and intent["status"] not in {"succeeded", "canceled"}:
        intent |= {"status": "canceled", "canceled_at": call.now}
        call.save(intent, "payment_intent.canceled")
    credit.give_back(call, found)
    call.save(found, "invoice.voided")


@handles("GET /v1/invoices/{invoice}/lines")
def lines(call: Call) -> Obj:
    return call.listed(call.get(call.ids[0], "invoice")["lines"]["data"])


@handles("GET /v1/invoice_payments")
def payments(call: Call) -> Obj:
    found = call.store.every("invoice_payment")
    if "invoice" in call.params:
        found = [p for p in found if p["invoice"] == call.params["invoice"]]
    if "status" in call.params:
        found = [p for p in found if p["status"] == call.params["status"]]
    return call.listed(found)


@handles("GET /v1/invoice_payments/{invoice_payment}")
def payment(call: Call) -> Obj:
    return call.get(call.ids[0], "invoice_payment")


@handles("GET /v1/payment_intents/{intent}")
def intent(call: Call) -> Obj:
    return call.get(call.ids[0], "payment_intent")


def authenticate(call: Call, found: Obj, *, passed: bool) -> Obj:
    """The bank's answer to a payment that wanted a challenge."""
    if found["status"] != "requires_action":
        return found
    invoice = call.get(found["_invoice"], "invoice")
    if passed:
        billing_run.succeed(call, invoice, found)
        after_payment(call, invoice)
    else:
        refusal = authentication_failed("payment_intent_authentication_failure")
        billing_run.refuse(call, invoice, found, refusal)
    return found
