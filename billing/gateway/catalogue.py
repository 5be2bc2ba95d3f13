"""Products and prices at Stripe, kept equal to the catalogue by our ids."""

from __future__ import annotations

from typing import Literal

from billing.gateway.client import client
from billing.gateway.errors import GatewayRejected, translated


def put_product(*, product_id: str, name: str, description: str, key: str) -> None:
    """Make or rename the product whose id at Stripe is our own.

    Raises GatewayUnavailable, GatewayRejected.
    """
    try:
        with translated():
            client().v1.products.update(
                product_id, {"name": name, "description": description}
            )
    except GatewayRejected as error:
        if error.status != 404:
            raise
        with translated():
            client().v1.products.create(
                {
                    "id": product_id,
                    "name": name,
                    "description": description,
                    "tax_code": "txcd_10103001",  # software as a service, business use
                },
                {"idempotency_key": key},
            )


def create_price(
    *,
    product_id: str,
    currency: str,
    amount_minor: int,
    months: int,
    own_id: str,
    key: str,
) -> str:
    """Make a price of `amount_minor` (minor units) per `months`; return its id.

    Raises GatewayUnavailable, GatewayRejected.
    """
    interval: Literal["month", "year"] = "year" if months % 12 == 0 else "month"
    with translated():
        price = client().v1.prices.create(
            {
                "product": product_id,
                "currency": currency.lower(),
                "unit_amount": amount_minor,
                "tax_behavior": "exclusive",
                "recurring": {
                    "interval": interval,
                    "interval_count": months // 12 if interval == "year" else months,
                },
                "metadata": {"price": own_id},
            },
            {"idempotency_key": key},
        )
    return price.id


def retire_price(*, price_id: str, key: str) -> None:
    """Sell no more at this price; running subscriptions keep it.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        client().v1.prices.update(price_id, {"active": False}, {"idempotency_key": key})
