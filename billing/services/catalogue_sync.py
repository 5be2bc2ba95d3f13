"""Keeping Stripe's products and prices equal to the catalogue.

The catalogue's own committed rows take the place of operation rows here: a price
without `stripe_price_id` is one that Stripe has yet to be asked for, or whose answer
was lost. What Stripe has is read first and recognised by our ids, so nothing is made
twice, nothing is written when nothing changed, and what Stripe lost is made again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from billing.gateway import (
    StripePrice,
    StripeProduct,
    create_price,
    put_product,
    read_prices,
    read_products,
    restore_price,
    retire_price,
)
from selfservice.catalog.models import Price, Product
from selfservice.core.ids import uuid7


@dataclasses.dataclass(slots=True)
class Pushed:
    """How many writes Stripe got."""

    products: int = 0
    prices_made: int = 0
    prices_retired: int = 0
    # Active at Stripe again, or known to us again after a lost answer.
    prices_found: int = 0

    @property
    def nothing(self) -> bool:
        return not any(dataclasses.astuple(self))


def push_catalogue() -> Pushed:
    """Make Stripe's products and prices what the catalogue's rows say.

    Must be called outside any transaction; run it again after an error.
    Raises GatewayUnavailable, GatewayRejected.
    """
    counts = Pushed()
    products = list(Product.objects.order_by("id"))
    known = {p.id: p for p in read_products([str(p.pk) for p in products])}
    for product in products:
        prices = list(
            Price.objects.filter(plan__product=product).select_related("plan")
        )
        there = known.get(str(product.pk))
        if _put(product, there):
            counts.products += 1
        at_stripe = read_prices(str(product.pk)) if there is not None else []
        for price in prices:
            _push_price(product, price, at_stripe, counts)
    return counts


def _put(product: Product, there: StripeProduct | None) -> bool:
    wanted = (product.name, product.summary_en)
    if there is not None and (there.name, there.description) == wanted:
        return False
    put_product(
        product_id=str(product.pk),
        name=product.name,
        description=product.summary_en,
        key=f"product:{product.pk}",
    )
    return True


def _push_price(
    product: Product, price: Price, at_stripe: Sequence[StripePrice], counts: Pushed
) -> None:
    there = _same_price(price, at_stripe)
    if price.retired_at is not None:
        if there is not None and there.active:
            moment = int(price.retired_at.timestamp())
            retire_price(price_id=there.id, key=f"price:{price.pk}:retire:{moment}")
            counts.prices_retired += 1
        return
    if there is None:
        _remember(price, _make(product, price))
        counts.prices_made += 1
        return
    if there.id != price.stripe_price_id:
        _remember(price, there.id)
        counts.prices_found += 1
    if not there.active:
        restore_price(price_id=there.id, key=f"price:{price.pk}:restore:{uuid7()}")
        counts.prices_found += 1


def _same_price(price: Price, at_stripe: Sequence[StripePrice]) -> StripePrice | None:
    """The one whose id we keep; else the one that carries our id: a lost answer."""
    by_id = {found.id: found for found in at_stripe}
    by_own_id = {found.own_id: found for found in at_stripe}
    return by_id.get(price.stripe_price_id) or by_own_id.get(str(price.pk))


def _make(product: Product, price: Price) -> str:
    # After a loss the old key would only repeat the old answer.
    after = f":after:{price.stripe_price_id}" if price.stripe_price_id else ""
    return create_price(
        product_id=str(product.pk),
        currency=price.currency,
        amount_minor=price.amount_minor,
        months=price.plan.billing_months,
        own_id=str(price.pk),
        key=f"price:{price.pk}{after}",
    )


def _remember(price: Price, stripe_price_id: str) -> None:
    Price.objects.filter(pk=price.pk).update(stripe_price_id=stripe_price_id)
