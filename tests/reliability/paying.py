"""Scenarios of the card: another one pays from now on."""

from __future__ import annotations

import re

from billing.models import PaymentMethod
from selfservice.activity.models import Activity
from tests.reliability.buying import at_stripe
from tests.reliability.changing import Change, More, fill_quantity, row_of
from tests.reliability.scenarios import Facts
from tests.reliability.world import World, give_card


class Card(Change):
    """A second card of the profile takes over."""

    name = "subscription.card"
    kinds = ("subscription.card",)

    def prepare(self, world: World) -> None:
        super().prepare(world)
        world.made["card"] = give_card(world, "pm_card_mastercard")
        world.form = {"payment": str(world.made["card"].pk)}

    def act(self, world: World) -> None:
        world.post("subscriptions:payment_method", row_of(world).pk)

    def there(self, world: World) -> Facts:
        (found,) = at_stripe(world)
        return {**super().there(world), "card": found.default_payment_method}

    def here(self, world: World) -> Facts:
        row = row_of(world)
        return {**super().here(world), "card": row.card.stripe_payment_method_id}

    def page(self, world: World) -> Facts:
        html = world.get("subscriptions:details", row_of(world).pk)
        shown = re.search(r"<dt>Payment method</dt><dd>\w+ •••• (\d+)", html)
        assert shown, html
        if "checking with the payment provider" in html:
            return {}
        found = PaymentMethod.objects.get(
            organization=world.buyer.organization, last4=shown[1]
        )
        return {**super().page(world), "card": found.stripe_payment_method_id}

    def honest(self, said: Facts, so: Facts) -> bool:
        return not said or super().honest(said, so)

    def wanted(self, world: World) -> Facts:
        card = world.made["card"].stripe_payment_method_id
        return {**super().wanted(world), "card": card}

    def check(self, world: World) -> None:
        mine = Activity.objects.filter(organization_id=world.buyer.organization_id)
        assert mine.filter(verb="card_replaced").count() == 1


class CardWithChange(Card):
    """The same while a change waits for the renewal: that is paid with it, too."""

    name = "subscription.card, with a change"

    def prepare(self, world: World) -> None:
        super().prepare(world)
        form = world.form
        fill_quantity(world, 15, at_renewal=True)
        More().act(world)
        world.form = form
        world.made["before"] = self.there(world)

    def there(self, world: World) -> Facts:
        (found,) = at_stripe(world)
        at_renewal = None
        if found.schedule:
            schedules = world.stripe.v1.subscription_schedules
            waits = schedules.retrieve(str(found.schedule))
            at_renewal = waits.default_settings.default_payment_method
        return {**super().there(world), "card_at_renewal": at_renewal}

    def here(self, world: World) -> Facts:
        here = super().here(world)
        return {**here, "card_at_renewal": here["card"]}

    def wanted(self, world: World) -> Facts:
        wanted = super().wanted(world)
        return {**wanted, "card_at_renewal": wanted["card"]}
