"""Making invoices and charging them: the same sums for a preview and for real."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterable

import stripe

from billing.sandbox import charges, credit, tax
from billing.sandbox.call import Call
from billing.sandbox.cards import TestCard, check_expiry, declined
from billing.sandbox.contract import blank
from billing.sandbox.documents import amount, day, language_of, say
from billing.sandbox.resources.payment_methods import behaviour_of, card_of
from billing.sandbox.seller import seller
from billing.sandbox.wire import ApiError, Obj


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """Something to charge: a price, how many, for which time, for what amount."""

    price: Obj
    quantity: int
    start: int
    end: int
    amount: int
    proration: bool = False
    subscription_item: str = ""
    # How a proration's line begins: "Unused time on".
    lead: str = ""


def build_invoice(
    call: Call,
    *,
    customer: Obj,
    items: Iterable[Item],
    automatic_tax: bool,
    reason: str,
    subscription: Obj | None = None,
) -> Obj:
    """A draft with its lines and sums; neither stored nor numbered."""
    items = list(items)
    kind = tax.treatment(call.store, customer) if automatic_tax else None
    found = call.new(
        stripe.Invoice,
        "in",
        **_bill_to(call, customer),
        account_name=seller().name,
        account_country=seller().country,
        currency=items[0].price["currency"],
        billing_reason=reason,
        status="draft",
        period_start=call.now,
        period_end=call.now,
        auto_advance=True,
    )
    found["_language"] = language_of(customer)
    found["automatic_tax"]["enabled"] = automatic_tax
    if automatic_tax:
        own = blank(stripe.Invoice.AutomaticTax.Liability) | {"type": "self"}
        found["automatic_tax"] |= {"status": "complete", "liability": own}
    if subscription is not None:
        found["parent"] = _parent(subscription)
    found["lines"] = {
        "object": "list",
        "data": [_line(call, found, item, kind, subscription) for item in items],
        "has_more": False,
        "url": f"/v1/invoices/{found['id']}/lines",
    }
    _sum_up(found, kind)
    credit.preview(found, customer)
    return found


def _bill_to(call: Call, customer: Obj) -> Obj:
    """The customer as it is now: an invoice doesn't follow later changes."""
    numbers = call.store.every("tax_id", customer["id"])
    return {
        "customer": customer["id"],
        "customer_name": customer["name"],
        "customer_email": customer["email"],
        "customer_address": customer["address"],
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [
            {"type": number["type"], "value": number["value"]} for number in numbers
        ],
        "custom_fields": customer["invoice_settings"]["custom_fields"],
    }


def _parent(subscription: Obj) -> Obj:
    details = blank(stripe.Invoice.Parent.SubscriptionDetails) | {
        "subscription": subscription["id"],
        "metadata": subscription["metadata"],
    }
    return blank(stripe.Invoice.Parent) | {
        "type": "subscription_details",
        "subscription_details": details,
    }


def _line(
    call: Call,
    invoice: Obj,
    item: Item,
    kind: tax.Treatment | None,
    subscription: Obj | None,
) -> Obj:
    product = call.get(item.price["product"], "product")
    found = call.new(
        stripe.InvoiceLineItem,
        "il",
        amount=item.amount,
        subtotal=item.amount,
        currency=item.price["currency"],
        invoice=invoice["id"],
        quantity=item.quantity,
        description=_words(item, product, invoice["_language"]),
        period={"start": item.start, "end": item.end},
        discountable=True,
        discounts=[],
        subscription=subscription["id"] if subscription else None,
        taxes=[tax.entry(kind, item.amount)] if kind else [],
    )
    found["pricing"] = blank(stripe.InvoiceLineItem.Pricing) | {
        "type": "price_details",
        "unit_amount_decimal": str(item.price["unit_amount"]),
        "price_details": blank(stripe.InvoiceLineItem.Pricing.PriceDetails)
        | {"price": item.price["id"], "product": product["id"]},
    }
    if subscription is not None:
        found["parent"] = _line_parent(item, subscription)
    return found


def _line_parent(item: Item, subscription: Obj) -> Obj:
    details = blank(stripe.InvoiceLineItem.Parent.SubscriptionItemDetails) | {
        "proration": item.proration,
        "subscription": subscription["id"],
        "subscription_item": item.subscription_item,
    }
    return blank(stripe.InvoiceLineItem.Parent) | {
        "type": "subscription_item_details",
        "subscription_item_details": details,
    }


def _words(item: Item, product: Obj, language: str) -> str:
    bought = item.quantity, product["name"]
    if item.lead:
        since = day(language, item.start)
        return say(language, f"{item.lead} {{}} × {{}} after {{}}", *bought, since)
    recurring = item.price["recurring"] or {"interval": "once", "interval_count": 1}
    count, interval = recurring["interval_count"], recurring["interval"]
    every = say(language, f"{{}} {interval}s" if count > 1 else interval, count)
    unit = amount(language, item.price["unit_amount"], item.price["currency"])
    return say(language, "{} × {} (at {} / {})", *bought, unit, every)


def _sum_up(found: Obj, kind: tax.Treatment | None) -> None:
    lines = found["lines"]["data"]
    subtotal = sum(line["amount"] for line in lines)
    tax_total = sum(t["amount"] for line in lines for t in line["taxes"])
    found["total_taxes"] = []
    if kind is not None:
        whole = tax.entry(kind, subtotal) | {"amount": tax_total}
        found["total_taxes"] = [whole]
    found |= {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": subtotal + tax_total,
        "total_excluding_tax": subtotal,
    }


def finalize(call: Call, found: Obj) -> Obj:
    """Give it its number and make it final. Raises ApiError unless it is a draft."""
    if found["status"] != "draft":
        raise ApiError("This invoice is not a draft.", "invoice_not_editable")
    customer = call.get(found["customer"], "customer")
    number = customer["next_invoice_sequence"]
    customer["next_invoice_sequence"] = number + 1
    call.store.put(customer)
    credit.apply(call, found)
    token = secrets.token_urlsafe(18)
    found |= {
        "number": f"{customer['invoice_prefix']}-{number:04d}",
        "status": "open",
        "effective_at": call.now,
        "automatically_finalizes_at": None,
        "hosted_invoice_url": f"{call.base}/i/{token}",
        "invoice_pdf": f"{call.base}/i/{token}/pdf",
        "_token": token,
    }
    found["status_transitions"]["finalized_at"] = call.now
    call.save(found, "invoice.finalized")
    if found["amount_due"] > 0:
        _open_payment(call, found)
    else:
        mark_paid(call, found, None)
    return found


def _open_payment(call: Call, found: Obj) -> None:
    intent = call.new(
        stripe.PaymentIntent,
        "pi",
        amount=found["amount_due"],
        currency=found["currency"],
        customer=found["customer"],
        status="requires_payment_method",
        payment_method_types=["card"],
        setup_future_usage="off_session",
    )
    intent["client_secret"] = f"{intent['id']}_secret_{secrets.token_hex(12)}"
    intent["_invoice"] = found["id"]
    call.save(intent, "payment_intent.created")
    payment = call.new(
        stripe.InvoicePayment,
        "inpay",
        invoice=found["id"],
        amount_requested=found["amount_due"],
        currency=found["currency"],
        is_default=True,
        status="open",
    )
    payment["payment"] |= {"type": "payment_intent", "payment_intent": intent["id"]}
    call.store.put(payment)
    found["_intent"] = intent["id"]
    found["_payment"] = payment["id"]
    call.store.put(found)


def pay(call: Call, found: Obj, method_id: str) -> str:
    """Charge an open invoice. Returns "paid", "action" or the decline code.

    Nothing is raised: who asked decides what a refusal means.
    """
    method = card_of(call, method_id)
    intent = call.get(found["_intent"], "payment_intent")
    intent["payment_method"] = method["id"]
    behaviour: TestCard = behaviour_of(method)
    refusal = behaviour.charging or behaviour.entering or _expired(call, method)
    found |= {"attempted": True, "attempt_count": found["attempt_count"] + 1}
    if refusal:
        intent["latest_charge"] = charges.failed(call, intent, declined(refusal))["id"]
        refuse(call, found, intent, declined(refusal))
        return refusal
    asks = behaviour.challenge == "always" or (
        behaviour.challenge == "setup" and not method.get("_set_up")
    )
    if asks:
        intent |= {
            "status": "requires_action",
            "next_action": blank(stripe.PaymentIntent.NextAction)
            | {"type": "use_stripe_sdk"},
        }
        call.save(intent, "payment_intent.requires_action")
        call.save(found, "invoice.payment_action_required")
        return "action"
    succeed(call, found, intent)
    return "paid"


def _expired(call: Call, method: Obj) -> str:
    card = method["card"]
    try:
        check_expiry(card["exp_month"], card["exp_year"], call.now)
    except ApiError:
        return "expired_card"
    return ""


def refuse(call: Call, found: Obj, intent: Obj, refusal: ApiError) -> None:
    """Note the bank's no on payment and invoice; the invoice stays open."""
    error = {**blank(stripe.PaymentIntent.LastPaymentError), **refusal.envelope}
    intent |= {
        "status": "requires_payment_method",
        "next_action": None,
        "last_payment_error": error,
    }
    call.save(intent, "payment_intent.payment_failed")
    call.save(found, "invoice.payment_failed")


def succeed(call: Call, found: Obj, intent: Obj) -> None:
    """The money is there."""
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "next_action": None,
        "last_payment_error": None,
        "latest_charge": charges.succeeded(call, intent)["id"],
    }
    call.save(intent, "payment_intent.succeeded")
    payment = call.get(found["_payment"], "invoice_payment")
    payment |= {"status": "paid", "amount_paid": intent["amount"]}
    payment["status_transitions"]["paid_at"] = call.now
    call.save(payment, "invoice_payment.paid")
    mark_paid(call, found, intent)


def mark_paid(call: Call, found: Obj, intent: Obj | None) -> None:
    found |= {
        "status": "paid",
        "amount_paid": found["amount_due"],
        "amount_remaining": 0,
        "attempted": True,
        "next_payment_attempt": None,
    }
    found["status_transitions"]["paid_at"] = call.now
    call.save(found, "invoice.paid")
