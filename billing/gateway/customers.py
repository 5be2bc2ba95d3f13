"""Stripe customers: one per billing profile."""

from __future__ import annotations

import stripe

from billing.gateway.client import client
from billing.gateway.errors import translated
from billing.gateway.shapes import Customer, Party, text_id

# The name is on the invoice, so it is in words that need no translation.
PO_FIELD = "PO number"


def create_customer(
    *,
    party: Party,
    vat_number: str,
    po_number: str,
    language: str,
    own_ids: dict[str, str],
    key: str,
) -> str:
    """Make the customer and return its id.

    An EU VAT number goes along, so that reverse charge can apply at once. Invoices
    are made in `language`; empty for Stripe's choice.
    Raises GatewayUnavailable, GatewayRejected.
    """
    params: stripe.params.CustomerCreateParams = {
        "name": party.name,
        "email": party.email,
        "address": _address(party),
        "metadata": own_ids,
    }
    if language:
        params["preferred_locales"] = [language]
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


def read_customer(customer_id: str) -> Customer | None:
    """The customer as it is now; null for one that was deleted.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        found = client().v1.customers.retrieve(customer_id)
    if getattr(found, "deleted", False):
        return None
    address, settings = found.address, found.invoice_settings
    party = Party(
        name=found.name or "",
        email=found.email or "",
        line1=(address and address.line1) or "",
        line2=(address and address.line2) or "",
        postal_code=(address and address.postal_code) or "",
        city=(address and address.city) or "",
        region=(address and address.state) or "",
        country=(address and address.country) or "",
    )
    fields = (settings and settings.custom_fields) or []
    numbers = [field.value for field in fields if field.name == PO_FIELD]
    return Customer(party, numbers[0] if numbers else "")


def set_party(*, customer_id: str, party: Party, key: str) -> None:
    """Bill to `party` from now on; invoices that are final keep theirs.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        client().v1.customers.update(
            customer_id,
            {"name": party.name, "email": party.email, "address": _address(party)},
            {"idempotency_key": key},
        )


def set_language(*, customer_id: str, language: str, key: str) -> None:
    """Make the customer's future invoices in `language`.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        client().v1.customers.update(
            customer_id,
            {"preferred_locales": [language]},
            {"idempotency_key": key},
        )


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


def set_default_card(*, customer_id: str, card_id: str, key: str) -> None:
    """Charge `card_id` for whatever has no card of its own; empty for none.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        client().v1.customers.update(
            customer_id,
            {"invoice_settings": {"default_payment_method": card_id}},
            {"idempotency_key": key},
        )


def read_default_card(customer_id: str) -> str:
    """The id of the card that the customer pays with; empty for none.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        found = client().v1.customers.retrieve(customer_id)
    settings = getattr(found, "invoice_settings", None)
    return text_id(settings.default_payment_method) if settings else ""


def _address(party: Party) -> stripe.params.CustomerCreateParamsAddress:
    return {
        "line1": party.line1,
        "line2": party.line2,
        "postal_code": party.postal_code,
        "city": party.city,
        "state": party.region,
        "country": party.country,
    }


def _po_field(
    po_number: str,
) -> list[stripe.params.CustomerCreateParamsInvoiceSettingsCustomField]:
    return [{"name": PO_FIELD, "value": po_number}]


def forget_customer(
    *, customer_id: str, name: str, email: str, country: str, key: str
) -> None:
    """Take the cards off a customer for good, and call it by another name.

    What its invoices say stays. May be done twice. Raises GatewayUnavailable,
    GatewayRejected.
    """
    with translated():
        cards = client().v1.customers.payment_methods.list(customer_id, {"limit": 100})
        for card in list(cards.auto_paging_iter()):
            client().v1.payment_methods.detach(
                card.id, {}, {"idempotency_key": f"{key}-{card.id}"}
            )
        client().v1.customers.update(
            customer_id,
            {
                "name": name,
                "email": email,
                "address": {
                    "line1": "",
                    "line2": "",
                    "postal_code": "",
                    "city": "",
                    "state": "",
                    "country": country,
                },
                "invoice_settings": {"custom_fields": ""},
            },
            {"idempotency_key": key},
        )
