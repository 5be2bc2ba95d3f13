"""Stripe customers: one per billing profile."""

from __future__ import annotations

import stripe

from billing.gateway.client import client
from billing.gateway.errors import translated
from billing.gateway.shapes import Party


def create_customer(
    *, party: Party, vat_number: str, po_number: str, own_ids: dict[str, str], key: str
) -> str:
    """Make the customer and return its id.

    An EU VAT number goes along, so that reverse charge can apply at once.
    Raises GatewayUnavailable, GatewayRejected.
    """
    params: stripe.params.CustomerCreateParams = {
        "name": party.name,
        "email": party.email,
        "address": {
            "line1": party.line1,
            "line2": party.line2,
            "postal_code": party.postal_code,
            "city": party.city,
            "country": party.country,
        },
        "metadata": own_ids,
    }
    if vat_number:
        params["tax_id_data"] = [{"type": "eu_vat", "value": vat_number}]
    if po_number:
        params["invoice_settings"] = {"custom_fields": _po_field(po_number)}
    with translated():
        return client().v1.customers.create(params, {"idempotency_key": key}).id


def find_customer(*, email: str, own_key: str, own_value: str) -> str | None:
    """The id of the customer whose metadata carries our id.

    The proof for a create whose answer was lost longer ago than Stripe keeps
    idempotency keys. Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        page = client().v1.customers.list({"email": email, "limit": 100})
        for found in page.auto_paging_iter():
            metadata = found.metadata.to_dict() if found.metadata else {}
            if metadata.get(own_key) == own_value:
                return found.id
    return None


def set_po_number(*, customer_id: str, po_number: str, key: str) -> None:
    """Print `po_number` on the customer's future invoices; empty takes it off.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        client().v1.customers.update(
            customer_id,
            {
                "invoice_settings": {
                    "custom_fields": _po_field(po_number) if po_number else ""
                }
            },
            {"idempotency_key": key},
        )


def _po_field(
    po_number: str,
) -> list[stripe.params.CustomerCreateParamsInvoiceSettingsCustomField]:
    # The name is on the invoice, so it is in words that need no translation.
    return [{"name": "PO number", "value": po_number}]
