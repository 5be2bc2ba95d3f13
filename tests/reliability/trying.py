"""Scenarios of a trial: starting it, and what its pane changes."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from contextlib import suppress

from billing.gateway import GatewayUnavailable
from billing.models import Invoice
from selfservice.activity.models import Activity
from selfservice.core import clock
from selfservice.core.money import Money
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services.buying import Order, place_order, quote
from selfservice.subscriptions.services.contract import sync_subscription
from selfservice.subscriptions.services.trials import (
    extended_end,
    preview_conversion,
)
from tests.reliability.buying import at_stripe, invoices_at_stripe
from tests.reliability.scenarios import Facts, Scenario
from tests.reliability.world import World, give_card

AFTERWARDS = 3


class Trial(Scenario):
    """A trial that is to go on with three licenses."""

    done: Facts = {}
    verb = ""
    named = "pm_card_visa"

    def prepare(self, world: World) -> None:
        start(world, self.named)
        world.made["before"] = self.there(world)

    def act(self, world: World) -> None:
        world.post("subscriptions:trial", row_of(world).pk)

    def there(self, world: World) -> Facts:
        (found,) = at_stripe(world)
        invoices = invoices_at_stripe(world)
        return {
            "trial": found.status == "trialing",
            "paid_for": found["items"].data[0].quantity,
            "ends_at": found.trial_end if found.status == "trialing" else None,
            "waits": found.pending_update is not None,
            "charged": sum(i.amount_paid for i in invoices),
            "owed": sum(i.amount_remaining for i in invoices if i.status == "open"),
        }

    def here(self, world: World) -> Facts:
        row = row_of(world)
        ends = int(row.trial_end.timestamp()) if row.trial_end else None
        return {
            "trial": row.stripe_status == "trialing",
            "paid_for": row.paid_quantity,
            "ends_at": ends if row.is_trial else None,
            "waits": row.pending_until is not None,
        }

    def here_at_last(self, world: World) -> Facts:
        invoices = Invoice.objects.filter(subscription_id=row_of(world).pk)
        return {
            **self.here(world),
            "charged": sum(i.paid_minor for i in invoices),
            "owed": sum(i.remaining_minor for i in invoices if i.status == "open"),
        }

    def page(self, world: World) -> Facts:
        html = world.get("subscriptions:details", row_of(world).pk)
        badge = re.search(r'<h1.*?class="badge[^>]*>(?:<[^>]*>)*([A-Za-z ]+)', html)
        assert badge, html
        if "checking with the payment provider" in html:
            return {}
        return {"trial": badge[1].strip() == "Trial"}

    def wanted(self, world: World) -> Facts:
        return {**world.made["before"], **self.done}

    def check(self, world: World) -> None:
        if self.verb:
            mine = Activity.objects.filter(
                organization_id=world.buyer.organization_id, verb=self.verb
            )
            assert mine.count() == 1


class TrialCount(Trial):
    """Another number of licenses to pay for afterwards."""

    name = "subscription.trial_count"
    kinds = ("subscription.trial_count",)
    done = {"paid_for": 8}
    verb = "trial_quantity"

    def prepare(self, world: World) -> None:
        super().prepare(world)
        world.form = {"action": "quantity", "quantity": "8"}

    def honest(self, said: Facts, so: Facts) -> bool:
        return said["trial"] == so["trial"] if said else True


class TrialExtend(Trial):
    """A month longer, ten days before its end."""

    name = "subscription.trial_extend"
    kinds = ("subscription.trial_extend",)
    verb = "trial_extended"

    def prepare(self, world: World) -> None:
        start(world, self.named)
        row = row_of(world)
        soon = clock.now() + dt.timedelta(days=10)
        world.stripe.v1.subscriptions.update(
            row.stripe_subscription_id, {"trial_end": int(soon.timestamp())}
        )
        sync_subscription(row.stripe_subscription_id)
        world.made["before"] = self.there(world)
        world.form = {"action": "extend"}

    def wanted(self, world: World) -> Facts:
        until = int(extended_end(row_of(world)).timestamp())
        return {**super().wanted(world), "ends_at": until}


class TrialConvert(Trial):
    """Paid for today."""

    name = "subscription.trial_convert"
    kinds = ("subscription.trial_convert",)
    done = {"trial": False, "ends_at": None}
    verb = "trial_converted"

    def prepare(self, world: World) -> None:
        super().prepare(world)
        row = row_of(world)
        shown = preview_conversion(subscription=row)
        world.made["charge"] = shown.total.minor
        world.form = {
            "action": "convert",
            "seal": shown.seal,
            "payment": str(row.payment_method_id),
        }

    def wanted(self, world: World) -> Facts:
        return {**super().wanted(world), "charged": world.made["charge"]}


class TrialConvertDeclined(TrialConvert):
    """Declined: the trial goes on."""

    name = "subscription.trial_convert, declined"
    declined = True
    # A pending update lapses within a day, by itself.
    provable = False
    done = {}
    named = "pm_card_chargeCustomerFail"

    def wanted(self, world: World) -> Facts:
        return Trial.wanted(self, world)


class TrialConvertAfterTheBank(TrialConvert):
    """The bank asks: the trial goes on until it has its answer."""

    name = "subscription.trial_convert, the bank asks"
    provable = False
    done = {"waits": True}
    named = "pm_card_authenticationRequired"

    def wanted(self, world: World) -> Facts:
        return {**Trial.wanted(self, world), "owed": world.made["charge"]}


class TrialStart(Trial):
    """The trial itself is ordered."""

    name = "subscription.buy, a trial"
    kinds = ("subscription.buy",)

    def prepare(self, world: World) -> None:
        offer_trial(world)
        card = give_card(world)
        later = quote(offer=world.offer, quantity=AFTERWARDS, profile=card.profile)
        world.made["order"] = Order(
            key=uuid.uuid4(),
            offer=world.offer,
            quantity=AFTERWARDS,
            profile=card.profile,
            total=Money(later.total_minor, later.currency),
            assign_to_me=True,
            trial=True,
        )
        world.made["card"] = card

    def act(self, world: World) -> None:
        # Nothing is begun while Stripe can't say what it would cost.
        with suppress(GatewayUnavailable):
            place_order(
                order=world.made["order"], card=world.made["card"], buyer=world.buyer
            )

    def there(self, world: World) -> Facts:
        return {"trials": [s.status for s in at_stripe(world)]}

    def here(self, world: World) -> Facts:
        rows = Subscription.objects.filter(purchaser=world.buyer)
        known = rows.exclude(stripe_status="")
        return {"trials": [row.stripe_status for row in known]}

    def here_at_last(self, world: World) -> Facts:
        return self.here(world)

    def page(self, world: World) -> Facts:
        row = Subscription.objects.filter(purchaser=world.buyer).first()
        if row is None or row.order_state == OrderState.PROCESSING:
            return {}
        html = world.get("subscriptions:order", row.pk)
        return {"trials": ["trialing"] if "The trial has started" in html else []}

    def wanted(self, world: World) -> Facts:
        return {"trials": ["trialing"]}

    def check(self, world: World) -> None:
        assert row_of(world).quantity == 25


def offer_trial(world: World) -> None:
    product = world.offer.plan.product
    product.trial_offered = product.trial_needs_card = True
    product.save()


def start(world: World, named: str) -> None:
    """A trial with a card, three licenses wanted afterwards."""
    scenario = TrialStart()
    scenario.prepare(world)
    if named != "pm_card_visa":
        world.made["card"] = give_card(world, named)
    scenario.act(world)


def row_of(world: World) -> Subscription:
    return Subscription.objects.get(purchaser=world.buyer)
