"""Scenarios of the catalogue: what is sold is made known to Stripe, by a command."""

from __future__ import annotations

import uuid
from contextlib import suppress

import stripe

from billing.gateway import GatewayUnavailable
from billing.services.catalogue_sync import push_catalogue
from selfservice.catalog.models import Plan, Price, Product
from selfservice.catalog.services.catalog_file import read_catalog
from selfservice.catalog.services.sync import sync_catalog
from tests.factories.catalog import catalog_toml
from tests.reliability.scenarios import Facts, Scenario
from tests.reliability.world import World


class NewProduct(Scenario):
    """A product that Stripe has never heard of, with two prices."""

    name = "catalogue, new"
    by_hand = True

    def prepare(self, world: World) -> None:
        for model in (Price, Plan, Product):
            model.objects.all().delete()
        slug = f"boards-{uuid.uuid4().hex[:8]}"
        world.form = {"slug": slug, "prices": {"EUR": "10.30", "GBP": "8.90"}}

    def act(self, world: World) -> None:
        """The command of whoever runs the portal; it ends with an error, or well."""
        sync_catalog(read_catalog(catalog_toml(**world.form)))
        with suppress(GatewayUnavailable):
            push_catalogue()

    def there(self, world: World) -> Facts:
        product = Product.objects.filter(slug=world.form["slug"]).first()
        if product is None:
            return {"names": [], "prices": {}}
        ids = {"ids": [str(product.pk)]}
        names = [p.name for p in world.stripe.v1.products.list(ids).data]
        return {"names": names, "prices": _prices(world, product) if names else {}}

    def here(self, world: World) -> Facts:
        product = Product.objects.filter(slug=world.form["slug"]).first()
        sold = Price.objects.filter(plan__product=product, retired_at=None)
        known = {p.stripe_price_id: p.amount_minor for p in sold if p.stripe_price_id}
        return {"names": [product.name] if product else [], "prices": known}

    def page(self, world: World) -> Facts:
        """What is shown to buyers is sold at Stripe."""
        html = world.get("subscriptions:marketplace")
        product = Product.objects.filter(slug=world.form["slug"]).first()
        if product is None or product.slug not in html:
            return {}
        return {"names": [product.name]}

    def wanted(self, world: World) -> Facts:
        return {"names": ["Boards"], "prices": {**self.here(world)["prices"]}}

    def check(self, world: World) -> None:
        amounts = sorted(self.there(world)["prices"].values())
        assert amounts == [890, 1030], amounts


class ChangedProduct(NewProduct):
    """Another name and another price: the old one is retired, never changed."""

    name = "catalogue, changed"

    def prepare(self, world: World) -> None:
        super().prepare(world)
        NewProduct.act(self, world)
        world.form |= {"name": "Boards Plus", "prices": {"EUR": "11.00", "GBP": "8.90"}}

    def page(self, world: World) -> Facts:
        """A new name is shown before Stripe prints it on invoices."""
        return {}

    shown = False

    def wanted(self, world: World) -> Facts:
        return {**super().wanted(world), "names": ["Boards Plus"]}

    def check(self, world: World) -> None:
        amounts = sorted(self.there(world)["prices"].values())
        assert amounts == [890, 1100], amounts


def _prices(world: World, product: Product) -> dict[str, int | None]:
    """What the product is sold for at Stripe, by Stripe's id."""
    found: list[stripe.Price] = list(
        world.stripe.v1.prices.list(
            {"product": str(product.pk), "active": True, "limit": 100}
        ).data
    )
    return {price.id: price.unit_amount for price in found}
