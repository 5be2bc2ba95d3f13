"""Scenarios of a purchase: who buys, the card, the order, and giving it up."""

from __future__ import annotations

import re
import uuid
from decimal import Decimal

import stripe

from billing.models import BillingProfile, Invoice, PaymentMethod
from licensing.models import LicenseAssignment
from selfservice.activity.models import Activity
from selfservice.subscriptions.models import OrderState, Subscription
from tests.reliability.scenarios import Facts, Scenario
from tests.reliability.world import World, give_card

QUANTITY = 12
TOTAL = 71438
SUBSCRIBED = {"active", "trialing", "past_due"}
ADDRESS = {
    "name": "Noordzee Advies",
    "line1": "Maaskade 85",
    "postal_code": "3071 NE",
    "city": "Rotterdam",
    "country": "NL",
}


class BecomeCustomer(Scenario):
    """Who buys is typed, at a first purchase."""

    name = "customer.create"
    kinds = ("customer.create",)

    def prepare(self, world: World) -> None:
        world.form = {
            **ADDRESS,
            "email": world.buyer.email,
            "order": str(uuid.uuid4()),
            "quantity": str(QUANTITY),
        }

    def act(self, world: World) -> None:
        world.post("subscriptions:checkout", world.offer.plan.pk)

    def there(self, world: World) -> Facts:
        found = world.stripe.v1.customers.list({"email": world.buyer.email})
        return {"customers": [customer.id for customer in found.data]}

    def here(self, world: World) -> Facts:
        mine = BillingProfile.objects.filter(purchaser=world.buyer)
        return {"customers": [p.stripe_customer_id for p in mine]}

    def page(self, world: World) -> Facts:
        html = world.get(
            "subscriptions:checkout", world.offer.plan.pk, order=world.form["order"]
        )
        return {} if "Sold to" in html else self.here(world)

    def wanted(self, world: World) -> Facts:
        return {"customers": [world.customer]}


class EnterCard(Scenario):
    """The card's fields are opened."""

    name = "setup_intent.create"
    kinds = ("setup_intent.create",)
    shown = False
    provable = False

    def prepare(self, world: World) -> None:
        give_card(world)

    def act(self, world: World) -> None:
        world.post("billing:card_setup", world.profile.pk)

    def there(self, world: World) -> Facts:
        found = world.stripe.v1.setup_intents.list(
            {"customer": world.customer, "limit": 100}
        )
        return {"intents": len(found.data)}

    def here(self, world: World) -> Facts:
        return {"intents": len([o for o in self._begun(world) if o.result_id])}

    def wanted(self, world: World) -> Facts:
        """Each time the page is opened there is another one: nobody uses the first."""
        return {"intents": len(self._begun(world))}

    def _begun(self, world: World) -> list[object]:
        return world.operations(self.kinds[0])


class EnterCardAtStripe(EnterCard):
    """Without JavaScript the card is entered on Stripe's own page."""

    name = "card_page.create"
    kinds = ("card_page.create",)

    def prepare(self, world: World) -> None:
        fill_order(world, give_card(world))
        world.form["payment"] = "new"

    def act(self, world: World) -> None:
        world.post("subscriptions:checkout", world.offer.plan.pk)


class Buy(Scenario):
    """An order with a card that works."""

    name = "subscription.buy"
    kinds = ("subscription.buy",)
    card = "pm_card_visa"

    def prepare(self, world: World) -> None:
        fill_order(world, give_card(world, self.card))

    def act(self, world: World) -> None:
        world.post("subscriptions:checkout", world.offer.plan.pk)

    def there(self, world: World) -> Facts:
        found = [s for s in at_stripe(world) if s.status in SUBSCRIBED]
        return {
            "subscriptions": [s.id for s in found],
            "licenses": sum(s["items"].data[0].quantity or 0 for s in found),
            "charged": charged(world),
        }

    def here(self, world: World) -> Facts:
        mine = Subscription.objects.filter(
            purchaser=world.buyer, order_state=OrderState.CONFIRMED
        )
        facts = {
            "subscriptions": [s.stripe_subscription_id for s in mine],
            "licenses": sum(s.quantity for s in mine),
        }
        paid = Invoice.objects.filter(purchaser=world.buyer)
        # Its event may never have arrived; then only reconciling brings it.
        if paid or not mine:
            facts["charged"] = sum(i.paid_minor for i in paid)
        return facts

    def here_at_last(self, world: World) -> Facts:
        return {"charged": 0, **self.here(world)}

    def page(self, world: World) -> Facts:
        return order_page(world)

    def wanted(self, world: World) -> Facts:
        row = Subscription.objects.get(purchaser=world.buyer)
        return {
            "subscriptions": [row.stripe_subscription_id],
            "licenses": QUANTITY,
            "charged": TOTAL,
        }

    def check(self, world: World) -> None:
        rows = Subscription.objects.filter(purchaser=world.buyer)
        licenses = LicenseAssignment.objects.filter(subscription__purchaser=world.buyer)
        logged = Activity.objects.filter(
            organization_id=world.buyer.organization_id, verb="bought"
        )
        counts = (rows.count(), licenses.count(), logged.count())
        assert counts == (1, 1, 1), counts


class BuyWithBadCard(Scenario):
    """An order with a card that the bank declines, and Stripe's half is taken back."""

    name = "subscription.buy, declined"
    kinds = ("subscription.buy", "subscription.drop")
    prepare, act = Buy.prepare, Buy.act
    card = "pm_card_chargeCustomerFail"

    def there(self, world: World) -> Facts:
        return {"tried": len(at_stripe(world)), **open_orders(world)}

    def here(self, world: World) -> Facts:
        mine = Subscription.objects.filter(purchaser=world.buyer)
        waiting = mine.exclude(order_state=OrderState.DECLINED).exists()
        nothing = {} if waiting else {"open": 0, "owed": 0, "charged": 0}
        return {"tried": self._tried(world), **nothing}

    def page(self, world: World) -> Facts:
        return order_page(world)

    def wanted(self, world: World) -> Facts:
        """Whoever sees that it was declined may try the same card once more."""
        return {"tried": self._tried(world), "open": 0, "owed": 0, "charged": 0}

    def _tried(self, world: World) -> int:
        tries = world.operations("subscription.buy")
        return len([each for each in tries if each.state == "succeeded"])


class Drop(Scenario):
    """An order that waits for the bank is given up."""

    name = "subscription.drop"
    kinds = ("subscription.drop",)

    def prepare(self, world: World) -> None:
        fill_order(world, give_card(world, "pm_card_authenticationRequired"))
        Buy().act(world)

    def act(self, world: World) -> None:
        row = Subscription.objects.get(purchaser=world.buyer)
        world.post("subscriptions:drop_order", row.pk)

    def there(self, world: World) -> Facts:
        return open_orders(world)

    def here(self, world: World) -> Facts:
        row = Subscription.objects.get(purchaser=world.buyer)
        waits = row.order_state == OrderState.PENDING
        return {"open": int(waits), "owed": TOTAL if waits else 0, "charged": 0}

    def page(self, world: World) -> Facts:
        return order_page(world)

    def wanted(self, world: World) -> Facts:
        return {"open": 0, "owed": 0, "charged": 0}


def fill_order(world: World, card: PaymentMethod) -> None:
    """Checkout's form, filled in and looked at, for an order with this card."""
    key = str(uuid.uuid4())
    html = world.get(
        "subscriptions:checkout",
        world.offer.plan.pk,
        order=key,
        quantity=str(QUANTITY),
    )
    seal = re.search(r'name="quote" value="([^"]+)"', html)
    assert seal
    world.form = {
        "order": key,
        "quantity": str(QUANTITY),
        "plan": str(world.offer.plan.pk),
        "payment": str(card.pk),
        "quote": seal.group(1),
        "terms": "on",
        "assign_to_me": "on",
        "action": "place",
    }


def order_page(world: World) -> Facts:
    """What the order's page claims; nothing while it is asking or not yet placed."""
    html = world.get(
        "subscriptions:checkout", world.offer.plan.pk, order=world.form["order"]
    )
    if "Order confirmed" in html:
        row = Subscription.objects.get(purchaser=world.buyer)
        paid = re.search(r"€([\d,.]+) was charged", html)
        number = re.search(r"(\d+) licenses are usable", html)
        claims = {
            "subscriptions": [row.stripe_subscription_id],
            "licenses": int(number[1]) if number else 0,
        }
        if paid:
            claims["charged"] = int(Decimal(paid[1].replace(",", "")) * 100)
        return claims
    if "Order dropped" in html:
        return {"open": 0, "owed": 0, "charged": 0}
    if "The bank declined" in html or "Nothing was charged" in html:
        return {"charged": 0}
    return {"charged": 0} if "Payment pending" in html else {}


def at_stripe(world: World) -> list[stripe.Subscription]:
    found = world.stripe.v1.subscriptions.list(
        {"customer": world.customer, "status": "all", "limit": 100}
    )
    return list(found.data)


def charged(world: World) -> int:
    """What the customer has paid, in minor units."""
    return sum(i.amount_paid for i in invoices_at_stripe(world))


def open_orders(world: World) -> Facts:
    """What could still be paid, and what was."""
    waiting = [s for s in at_stripe(world) if s.status == "incomplete"]
    owed = sum(
        i.amount_remaining for i in invoices_at_stripe(world) if i.status == "open"
    )
    return {"open": len(waiting), "owed": owed, "charged": charged(world)}


def invoices_at_stripe(world: World) -> list[stripe.Invoice]:
    found = world.stripe.v1.invoices.list({"customer": world.customer, "limit": 100})
    return list(found.data)
