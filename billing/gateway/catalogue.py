"""Products and prices at Stripe, kept equal to the catalogue by our ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from billing.gateway.client import client
from billing.gateway.errors import GatewayRejected, translated
from billing.gateway.shapes import StripePrice, StripeProduct

# What one page of a list holds at most.
_PAGE = 100


def read_products(ids: Sequence[str]) -> list[StripeProduct]:
    """Those of the products with these ids that Stripe has.

    Raises GatewayUnavailable, GatewayRejected.
    """
    found = []
    for start in range(0, len(ids), _PAGE):
        batch = list(ids[start : start + _PAGE])
        with translated():
            page = client().v1.products.list({"ids": batch, "limit": _PAGE})
        found += [
            StripeProduct(item.id, item.name, item.description or "")
            for item in page.data
        ]
    return found


def read_prices(product_id: str) -> list[StripePrice]:
    """Every price of a product, retired ones too.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        page = client().v1.prices.list({"product": product_id, "limit": _PAGE})
        return [
            StripePrice(item.id, item.metadata.to_dict().get("price", ""), item.active)
            for item in page.auto_paging_iter()
        ]


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


def restore_price(*, price_id: str, key: str) -> None:
    """Sell at this price again: somebody retired it at Stripe by hand.

    Raises GatewayUnavailable, GatewayRejected.
    """
    with translated():
        client().v1.prices.update(price_id, {"active": True}, {"idempotency_key": key})
