"""The balance of a customer: what is owed to it, which its next invoices use up.

Negative is credit, as at Stripe: an invoice of 100 and a balance of -30 leave 70 to
be paid. An invoice below zero adds credit.
"""

from __future__ import annotations

from typing import Any

import stripe

from billing.sandbox.call import Call
from billing.sandbox.wire import Obj


def balance_of(customer: Obj, currency: str) -> int:
    """Minor units; below zero is credit."""
    return int((customer["invoice_credit_balance"] or {}).get(currency, 0))


def change(
    call: Call, customer_id: str, kind: str, amount: int, currency: str, **more: Any
) -> Obj:
    """Add `amount` to a customer's balance; the entry that says so."""
    customer = call.get(customer_id, "customer")
    before = dict(customer)
    after = balance_of(customer, currency) + amount
    balances = {**(customer["invoice_credit_balance"] or {}), currency: after}
    customer["currency"] = customer["currency"] or currency
    customer["invoice_credit_balance"] = balances
    customer["balance"] = balances.get(customer["currency"], 0)
    call.save(customer, "customer.updated", before)
    found = call.new(
        stripe.CustomerBalanceTransaction,
        "cbtxn",
        amount=amount,
        currency=currency,
        customer=customer_id,
        ending_balance=after,
        type=kind,
        **more,
    )
    return call.store.put(found)


def preview(found: Obj, customer: Obj) -> None:
    """What the customer's balance leaves to be paid of an invoice, as it is now."""
    found["starting_balance"] = balance_of(customer, found["currency"])
    due = max(0, found["total"] + found["starting_balance"])
    found |= {"amount_due": due, "amount_remaining": due}


def apply(call: Call, found: Obj) -> None:
    """Use the balance up for an invoice that becomes final, or add to it."""
    preview(found, call.get(found["customer"], "customer"))
    start = found["starting_balance"]
    found["ending_balance"] = min(0, found["total"] + start)
    change_by = found["ending_balance"] - start
    if change_by:
        change(
            call,
            found["customer"],
            "applied_to_invoice",
            change_by,
            found["currency"],
            invoice=found["id"],
        )


def give_back(call: Call, found: Obj) -> None:
    """An invoice that is void uses nothing up."""
    used = (found["ending_balance"] or 0) - found["starting_balance"]
    if used:
        change(
            call,
            found["customer"],
            "unapplied_from_invoice",
            -used,
            found["currency"],
            invoice=found["id"],
        )
