"""Whether Stripe sells what the catalogue sells."""

from __future__ import annotations

from collections.abc import Iterator

from billing.gateway import read_prices, read_products
from selfservice.catalog.models import Price, Product
from selfservice.core.drift import Comparison, Difference, Finding

# Here ours is the truth, so that nothing of it is ever made what Stripe says.
_NOTE = "manage.py sync_catalog makes Stripe's what the catalogue says."


def compare_prices(run: Comparison) -> Iterator[Finding]:
    """Prices that Stripe lacks, has retired, or sells on after we have retired them.

    Must be called outside any transaction. Raises GatewayUnavailable,
    GatewayRejected.
    """
    products = list(Product.objects.order_by("id").values_list("pk", flat=True))
    known = {found.id for found in read_products([str(pk) for pk in products])}
    for product_id in products:
        there = read_prices(str(product_id)) if str(product_id) in known else []
        states = {price.id: "sold" if price.active else "retired" for price in there}
        for price in Price.objects.filter(plan__product_id=product_id):
            run.compared["prices"] += 1
            ours = "sold" if price.retired_at is None else "retired"
            theirs = states.get(price.stripe_price_id, "unknown")
            if ours != theirs and (ours, theirs) != ("retired", "unknown"):
                differs = Difference("price", ours, theirs)
                ids = (str(price.pk), price.stripe_price_id)
                yield Finding("catalogue", differs, ids, run.unmended, _NOTE)
