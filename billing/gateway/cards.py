"""Entering and reading cards. Their numbers stay between browser and Stripe."""

from __future__ import annotations

from collections.abc import Mapping

import stripe
from stripe.params import (
    PaymentMethodUpdateParamsBillingDetailsAddress as AddressParams,
)

from billing.gateway.client import client
from billing.gateway.errors import GatewayRejected, translated
from billing.gateway.shapes import Card, CardSetup, HostedCardPage, text_id

# Our own code, for what a person attached at Stripe by hand.
NO_CARD = "no_card"
ADDRESS = ("line1", "line2", "postal_code", "city", "state", "country")


def start_card_setup(*, customer_id: str, key: str) -> CardSetup:
    """Begin entering a card for `customer_id` in the Payment Element.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        intent = client().v1.setup_intents.create(
            {
                "customer": customer_id,
                "usage": "off_session",
                # A redirect would leave the page with everything filled in.
                "automatic_payment_methods": {
                    "enabled": True,
                    "allow_redirects": "never",
                },
            },
            {"idempotency_key": key},
        )
    return _setup(intent, None)


def read_card_setup(setup_id: str) -> CardSetup:
    """How the entering of a card stands.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        intent = client().v1.setup_intents.retrieve(
            setup_id, {"expand": ["payment_method"]}
        )
    method = intent.payment_method
    return _setup(intent, method if isinstance(method, stripe.PaymentMethod) else None)


def start_hosted_card_page(
    *, customer_id: str, currency: str, back_url: str, key: str
) -> HostedCardPage:
    """Begin entering a card on Stripe's own page, which returns to `back_url`.

    `{CHECKOUT_SESSION_ID}` in `back_url` is filled in by Stripe.
    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        session = client().v1.checkout.sessions.create(
            {
                "mode": "setup",
                "customer": customer_id,
                "currency": currency.lower(),
                "success_url": back_url,
                "cancel_url": back_url,
            },
            {"idempotency_key": key},
        )
    return HostedCardPage(session.id, session.url or "", text_id(session.setup_intent))


def read_hosted_card_page(session_id: str) -> CardSetup:
    """The card that was entered on Stripe's own page.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        session = client().v1.checkout.sessions.retrieve(session_id)
    return read_card_setup(text_id(session.setup_intent))


def read_card(card_id: str) -> Card:
    """A stored card. Raises GatewayUnavailable, GatewayRejected."""
    with translated():
        return as_card(client().v1.payment_methods.retrieve(card_id))


def update_card(
    *,
    card_id: str,
    exp_month: int,
    exp_year: int,
    holder_name: str,
    address: Mapping[str, str],
    key: str,
) -> Card:
    """Change what may change of a card; empty parts of the address are cleared.

    Raises GatewayUnavailable, GatewayRejected, PaymentDeclined for an expiration
    date that can't be.
    """
    parts: AddressParams = {
        "line1": address.get("line1", ""),
        "line2": address.get("line2", ""),
        "postal_code": address.get("postal_code", ""),
        "city": address.get("city", ""),
        "state": address.get("state", ""),
        "country": address.get("country", ""),
    }
    with translated():
        method = client().v1.payment_methods.update(
            card_id,
            {
                "card": {"exp_month": exp_month, "exp_year": exp_year},
                "billing_details": {"name": holder_name, "address": parts},
            },
            {"idempotency_key": key},
        )
    return as_card(method)


def detach_card(*, card_id: str, key: str) -> Card:
    """Take a card off its customer; that is final.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        method = client().v1.payment_methods.detach(
            card_id, {}, {"idempotency_key": key}
        )
    return as_card(method)


def _setup(
    intent: stripe.SetupIntent, method: stripe.PaymentMethod | None
) -> CardSetup:
    error = intent.last_setup_error
    decline = ""
    if error is not None:
        decline = getattr(error, "decline_code", None) or error.code or ""
    return CardSetup(
        id=intent.id,
        client_secret=intent.client_secret or "",
        status=intent.status,
        customer_id=text_id(intent.customer),
        card=as_card(method) if method is not None else None,
        decline=decline,
    )


def as_card(method: stripe.PaymentMethod) -> Card:
    """Ours from theirs. Raises GatewayRejected for what is no card."""
    card = method.card
    if card is None:
        raise GatewayRejected("This payment method is not a card.", code=NO_CARD)
    return Card(
        id=method.id,
        customer_id=text_id(method.customer),
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        fingerprint=card.fingerprint or "",
        holder_name=method.billing_details.name or "",
        address=_address(method.billing_details),
    )


def _address(details: stripe.PaymentMethod.BillingDetails) -> dict[str, str]:
    parts = details.address.to_dict() if details.address else {}
    return {name: str(parts[name]) for name in ADDRESS if parts.get(name)}
