"""The VAT numbers of a Stripe customer.

Stripe asks the EU's register itself, after a number was added, and tells the answer
by `customer.tax_id.updated`.
Source: https://docs.stripe.com/billing/customer/tax-ids
"""

from __future__ import annotations

import stripe

from billing.gateway.client import client
from billing.gateway.errors import translated
from billing.gateway.shapes import TaxNumber

EU_VAT = "eu_vat"


def tax_numbers_of(customer_id: str) -> list[TaxNumber]:
    """The customer's EU VAT numbers, with what Stripe found out about them.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        page = client().v1.customers.tax_ids.list(customer_id, {"limit": 100})
    return [_number(found) for found in page.data if found.type == EU_VAT]


def add_tax_number(*, customer_id: str, number: str, key: str) -> TaxNumber:
    """Add an EU VAT number; it is printed on invoices from now on.

    Raises GatewayUnavailable, GatewayRejected (also when it is there already).
    """
    with translated():
        found = client().v1.customers.tax_ids.create(
            customer_id, {"type": EU_VAT, "value": number}, {"idempotency_key": key}
        )
    return _number(found)


def drop_tax_number(*, customer_id: str, number_id: str) -> None:
    """Take a number off; a DELETE has no key, and a second one finds nothing.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        client().v1.customers.tax_ids.delete(customer_id, number_id)


def _number(found: stripe.TaxId) -> TaxNumber:
    status = found.verification.status if found.verification else ""
    return TaxNumber(found.id, found.value, status)
