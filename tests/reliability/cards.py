"""Scenarios of the pages of cards: replacing one, editing one, deleting one."""

from __future__ import annotations

import re

from billing.models import PaymentMethod
from selfservice.activity.models import Activity, Mail
from selfservice.core import clock
from tests.reliability.buying import at_stripe
from tests.reliability.changing import buy, row_of
from tests.reliability.scenarios import Facts, Scenario
from tests.reliability.world import World, give_card

LIST = "billing:payment_methods"


class Cards(Scenario):
    """A subscription that the first card pays for, and a second card."""

    def prepare(self, world: World) -> None:
        buy(world)
        world.made["old"] = row_of(world).card
        world.made["new"] = give_card(world, "pm_card_mastercard")
        world.made["before"] = self.there(world)

    def there(self, world: World) -> Facts:
        customer = world.stripe.v1.customers.retrieve(world.customer)
        found = world.stripe.v1.customers.payment_methods.list(world.customer)
        (bought,) = at_stripe(world)
        assert customer.invoice_settings
        return {
            "default": customer.invoice_settings.default_payment_method,
            "pays": bought.default_payment_method,
            "cards": {card.id: _at_stripe(card) for card in found.data},
        }

    def here(self, world: World) -> Facts:
        cards = PaymentMethod.objects.filter(
            organization=world.buyer.organization, detached_at=None
        )
        assert not cards.exclude(leaving_at=None).exists()
        return {
            "pays": row_of(world).card.stripe_payment_method_id,
            "cards": {
                card.stripe_payment_method_id: (card.exp_month, card.holder_name)
                for card in cards
            },
        }

    def page(self, world: World) -> Facts:
        """Which cards there are, if none of them is on its way out."""
        html = world.get(LIST)
        if "Being deleted" in html:
            return {}
        shown = set(re.findall(r"•••• (\d{4})</a>", html))
        mine = PaymentMethod.objects.filter(organization=world.buyer.organization)
        return {
            "shown": {
                card.stripe_payment_method_id for card in mine if card.last4 in shown
            }
        }

    def honest(self, said: Facts, so: Facts) -> bool:
        return not said or said["shown"] >= set(so["cards"])

    def check(self, world: World) -> None:
        """Told once, and logged once."""
        mine = {"organization_id": world.buyer.organization_id}
        assert Mail.objects.filter(kind=self.told, **mine).count() == 1
        assert Activity.objects.filter(verb=self.verb, **mine).count() == 1

    told = ""
    verb = ""


class ReplaceAndDelete(Cards):
    """The second card takes over whatever the first one pays for, and that one goes:
    only when nothing needs it any more."""

    name = "profile.card, card.detach"
    kinds = ("card.detach", "profile.card", "subscription.card")
    told, verb = "card_deleted", "card_deleted"

    def act(self, world: World) -> None:
        world.form = {"payment": str(world.made["new"].pk)}
        world.post("billing:payment_method_delete", world.made["old"].pk)

    def here_at_last(self, world: World) -> Facts:
        # Stripe is told with the first replacement; until then it needs none.
        done = any(o.state == "succeeded" for o in world.operations("profile.card"))
        default = world.profile.payment_method
        assert default
        known = default.stripe_payment_method_id if done else None
        return {**self.here(world), "default": known}

    def wanted(self, world: World) -> Facts:
        old = world.made["old"].stripe_payment_method_id
        new = world.made["new"].stripe_payment_method_id
        before = world.made["before"]
        kept = {k: v for k, v in before["cards"].items() if k != old}
        return {"default": new, "pays": new, "cards": kept}


class Delete(Cards):
    """The second card, which pays for nothing, is deleted."""

    name = "card.detach"
    kinds = ("card.detach",)
    told, verb = "card_deleted", "card_deleted"

    def act(self, world: World) -> None:
        world.post("billing:payment_method_delete", world.made["new"].pk)

    def here_at_last(self, world: World) -> Facts:
        return {**self.here(world), "default": None}

    def wanted(self, world: World) -> Facts:
        new = world.made["new"].stripe_payment_method_id
        before = world.made["before"]
        kept = {k: v for k, v in before["cards"].items() if k != new}
        return {**before, "cards": kept}


class Edit(Cards):
    """Another expiration date and name."""

    name = "card.update"
    kinds = ("card.update",)
    told = "card_edited"

    def act(self, world: World) -> None:
        world.form = {
            "exp_month": "3",
            "exp_year": str(clock.now().year + 5),
            "holder_name": "A. Buyer",
            "city": "Rotterdam",
        }
        world.post("billing:payment_method_edit", world.made["new"].pk)

    def here_at_last(self, world: World) -> Facts:
        return {**self.here(world), "default": None}

    def wanted(self, world: World) -> Facts:
        new = world.made["new"].stripe_payment_method_id
        before = world.made["before"]
        return {**before, "cards": {**before["cards"], new: (3, "A. Buyer")}}

    def check(self, world: World) -> None:
        """Whoever comes back and saves the same once more is told of that, too."""
        mine = {"organization_id": world.buyer.organization_id}
        done = world.operations("card.update")
        assert Mail.objects.filter(kind=self.told, **mine).count() == len(done)
        assert all(set(each.arguments) == {"card"} for each in done)


def _at_stripe(card: object) -> tuple[int, str]:
    return (card.card.exp_month, card.billing_details.name or "")
