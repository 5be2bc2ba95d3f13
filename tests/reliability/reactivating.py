"""Scenarios of a subscription that is over and begins a new term."""

from __future__ import annotations

import re

from billing import gateway
from billing.models import Invoice
from billing.services import cards
from selfservice.core import clock
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.services.ending import cancel, preview_cancel
from selfservice.subscriptions.services.next_contract import waiting_contract
from selfservice.subscriptions.services.reactivating import preview_reactivation
from tests.reliability.buying import (
    QUANTITY,
    TOTAL,
    at_stripe,
    invoices_at_stripe,
)
from tests.reliability.changing import buy, logged, row_of
from tests.reliability.scenarios import Facts, Scenario
from tests.reliability.world import World, let_leases_end, work

RUNNING = {"active", "past_due"}


class Reactivate(Scenario):
    """Twelve licenses that were canceled at once are paid for again."""

    name = "subscription.reactivate"
    kinds = ("subscription.reactivate",)
    card = ""
    done: Facts = {"running": 1, "licenses": QUANTITY}
    charge = TOTAL

    def prepare(self, world: World) -> None:
        buy(world)
        shown = preview_cancel(subscription=row_of(world))
        cancel(subscription=row_of(world), seal=shown.seal, reason="other", feedback="")
        let_leases_end()
        work()
        chosen = row_of(world).payment_method
        if self.card:
            made = world.stripe.v1.payment_methods.attach(
                self.card, {"customer": world.customer}
            )
            found = gateway.read_card(made.id)
            chosen = cards.keep_card(profile=world.profile, card=found)
        assert chosen
        seal = preview_reactivation(subscription=row_of(world)).seal
        world.form = {"seal": seal, "payment": str(chosen.pk)}
        world.made["before"] = self.there(world)

    def act(self, world: World) -> None:
        world.post("licensing:reactivate", row_of(world).pk)

    def there(self, world: World) -> Facts:
        running = [s for s in at_stripe(world) if s.status in RUNNING]
        invoices = invoices_at_stripe(world)
        return {
            "running": len(running),
            "licenses": sum(s["items"].data[0].quantity or 0 for s in running),
            "open": len([s for s in at_stripe(world) if s.status == "incomplete"]),
            "charged": sum(i.amount_paid for i in invoices),
            "owed": sum(i.amount_remaining for i in invoices if i.status == "open"),
        }

    def here(self, world: World) -> Facts:
        row = row_of(world)
        runs = lifecycle.state_at(row, clock.now()) == lifecycle.ACTIVE
        return {
            "running": int(runs),
            "licenses": row.quantity if runs else 0,
            "open": int(waiting_contract(row) is not None),
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
        if "checking with the payment provider" in html:
            return {}
        badge = re.search(r'<h1.*?class="badge[^>]*>(?:<[^>]*>)*([A-Za-z ]+)', html)
        number = re.search(r'class="big">(\d+) ', html)
        assert badge, html
        assert number, html
        runs = badge[1].strip() == "Active"
        return {
            "running": int(runs),
            "licenses": int(number[1]) if runs else 0,
            "open": int("wants you to confirm the payment" in html),
        }

    def wanted(self, world: World) -> Facts:
        wanted = {**world.made["before"], **self.done}
        wanted["charged"] += self.charge
        return wanted

    def check(self, world: World) -> None:
        again = [QUANTITY] if self.charge else []
        assert logged(world, "reactivated", "quantity") == again


class ReactivateWithBadCard(Reactivate):
    """The bank declines: it stays disabled, and nothing is left to pay."""

    name = "subscription.reactivate, declined"
    declined = True
    card = "pm_card_chargeCustomerFail"
    done: Facts = {}
    charge = 0


class ReactivateAfterTheBank(ReactivateWithBadCard):
    """It stays disabled until the bank's question is answered."""

    name = "subscription.reactivate, the bank asks"
    declined = False
    # What waits lapses within a day, by itself.
    provable = False
    card = "pm_card_authenticationRequired"
    done: Facts = {"open": 1, "owed": TOTAL}
