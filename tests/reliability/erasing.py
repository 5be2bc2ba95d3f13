"""The scenario of erasing a person, whose cards and name Stripe has, too."""

from __future__ import annotations

from contextlib import suppress

from billing.models import PaymentMethod
from selfservice.core.errors import DomainError
from selfservice.portal.services.erasing import erase_person
from tests.reliability.scenarios import Facts, Scenario
from tests.reliability.world import World, give_card


class Forget(Scenario):
    """Somebody with two cards and nothing that goes on."""

    name = "customer.forget"
    kinds = ("customer.forget",)
    # Whoever is erased sees no page any more.
    shown = False

    def prepare(self, world: World) -> None:
        world.made["customer"] = give_card(world).profile.stripe_customer_id
        give_card(world, "pm_card_mastercard")

    def act(self, world: World) -> None:
        with suppress(DomainError):
            erase_person(person=world.buyer)

    def there(self, world: World) -> Facts:
        customers = world.stripe.v1.customers
        customer = customers.retrieve(world.made["customer"])
        cards = customers.payment_methods.list(world.made["customer"])
        return {
            "name": customer.name,
            "email": customer.email,
            "city": customer.address and customer.address.city,
            "cards": len(cards.data),
        }

    def here(self, world: World) -> Facts:
        profile = world.profile
        cards = PaymentMethod.objects.filter(profile=profile, detached_at=None)
        return {
            "name": profile.name,
            "email": profile.email,
            "city": profile.city or None,
            "cards": cards.count(),
        }

    def wanted(self, world: World) -> Facts:
        key = world.buyer.pk
        return {
            "name": f"Erased person {key.hex[-6:].upper()}",
            "email": f"{key}@erased.invalid",
            "city": None,
            "cards": 0,
        }

    def check(self, world: World) -> None:
        """However late Stripe told us again what was emptied."""
        known = PaymentMethod.objects.filter(profile=world.profile)
        assert set(known.values_list("last4", "holder_name")) == {("", "")}
