"""The scenario of handing a subscription to a colleague."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

import stripe

from billing.models import PaymentMethod
from licensing.models import LicenseAssignment
from selfservice.accounts.models import User
from selfservice.activity.models import Activity, Mail
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.contract import sync_subscription
from selfservice.subscriptions.services.transferring import plan_transfer, transfer
from tests.factories.accounts import make_user
from tests.factories.licensing import give_licenses
from tests.factories.subscriptions import make_subscription
from tests.reliability.buying import QUANTITY
from tests.reliability.scenarios import Facts, Scenario
from tests.reliability.world import World, give_card

AGO = dt.timedelta(days=20)


class Transfer(Scenario):
    """What was bought three weeks ago goes to a colleague with a card of their own."""

    name = "subscription.transfer"
    kinds = ("subscription.transfer",)

    def prepare(self, world: World) -> None:
        world.made["row"] = _bought_long_ago(world)
        receiver = make_user(world.buyer.organization, "Receiver")
        world.made["receiver"] = receiver
        world.made["card"] = give_card(world, "pm_card_mastercard", receiver)

    def act(self, world: World) -> None:
        with suppress(DomainError):
            planned = plan_transfer(
                subscription=row_of(world), receiver=world.made["receiver"]
            )
            transfer(planned)

    def there(self, world: World) -> Facts:
        found = {
            "giver": _at(world, world.customer),
            "receiver": _at(world, _to(world)),
        }
        renewed = [s for s in _all(found) if s.cancel_at is None]
        return {
            "running": [name for name, theirs in found.items() if theirs],
            "renewed": len(renewed),
            "licenses": sum(s["items"].data[0].quantity or 0 for s in _all(found)),
            "charged": _charged(world, world.customer) + _charged(world, _to(world)),
            "usable": any(found.values()),
        }

    def here(self, world: World) -> Facts:
        row = row_of(world)
        runs = row.stripe_status == "active" and row.disabled_at is None
        whose = "giver" if row.purchaser_id == world.buyer.pk else "receiver"
        return {
            "running": [whose] if runs else [],
            "renewed": int(runs and row.recurring_billing),
            "licenses": row.quantity,
            "usable": runs,
        }

    def here_at_last(self, world: World) -> Facts:
        return {**self.here(world), "charged": 0}

    def page(self, world: World) -> Facts:
        """Whoever has it reads that it can be used; and so it can, of one of both."""
        row = row_of(world)
        world.web.force_login(User.objects.get(pk=row.purchaser_id))
        html = world.get("subscriptions:details", row.pk)
        return {"usable": True} if "Active" in html else {}

    def wanted(self, world: World) -> Facts:
        return {
            "running": ["receiver"],
            "renewed": 1,
            "licenses": QUANTITY,
            "charged": 0,
            "usable": True,
        }

    def check(self, world: World) -> None:
        live = LicenseAssignment.objects.filter(
            subscription=row_of(world), ended_at=None, suspended_at=None
        )
        assert [row.purchaser for row in live] == [world.made["receiver"]]
        assert row_of(world).assigned == 1
        logged = Activity.objects.filter(
            subject_id=row_of(world).pk, verb="transferred"
        )
        told = Mail.objects.filter(subject_id=row_of(world).pk, kind="transferred")
        assert (logged.count(), told.count()) == (1, 1)


def row_of(world: World) -> Subscription:
    return Subscription.objects.select_related("price", "plan", "product").get(
        pk=world.made["row"]
    )


def _bought_long_ago(world: World) -> object:
    """A year, paid for at Stripe without an invoice, and one license of it."""
    card = give_card(world)
    start = (clock.now() - AGO).replace(microsecond=0)
    row = make_subscription(
        world.buyer, offer=world.offer, quantity=QUANTITY, term_start=start
    )
    found = world.stripe.v1.subscriptions.create(
        {
            "customer": world.customer,
            "items": [
                {"price": world.offer.price.stripe_price_id, "quantity": QUANTITY}
            ],
            "default_payment_method": card.stripe_payment_method_id,
            "automatic_tax": {"enabled": True},
            "backdate_start_date": int(start.timestamp()),
            "billing_cycle_anchor_config": {
                "month": start.month,
                "day_of_month": start.day,
                "hour": start.hour,
                "minute": start.minute,
                "second": start.second,
            },
            "proration_behavior": "none",
            "metadata": {
                "organization": str(row.organization_id),
                "subscription": str(row.pk),
                "attempt": "1",
            },
        }
    )
    Subscription.objects.filter(pk=row.pk).update(stripe_subscription_id=found.id)
    sync_subscription(found.id)
    give_licenses(row, [world.buyer])
    return row.pk


def _to(world: World) -> str:
    card: PaymentMethod = world.made["card"]
    return card.profile.stripe_customer_id


def _at(world: World, customer: str) -> list[stripe.Subscription]:
    return list(world.stripe.v1.subscriptions.list({"customer": customer}).data)


def _all(found: dict[str, list[stripe.Subscription]]) -> list[stripe.Subscription]:
    return [each for theirs in found.values() for each in theirs]


def _charged(world: World, customer: str) -> int:
    invoices = world.stripe.v1.invoices.list({"customer": customer, "limit": 100})
    return sum(invoice.amount_paid for invoice in invoices.data)
