"""Scenarios of an invoice that is open: somebody pays it."""

from __future__ import annotations

import dataclasses
import re
from decimal import Decimal

from django.utils import timezone

from billing import gateway
from billing.models import Invoice
from billing.services.invoices import About, apply_invoice
from selfservice.activity.models import Activity
from selfservice.subscriptions.services.contract import sync_subscription
from tests.reliability.buying import invoices_at_stripe
from tests.reliability.changing import Change, buy, pay_with, row_of
from tests.reliability.scenarios import Facts
from tests.reliability.world import World, give_card


class Pay(Change):
    """The second invoice wasn't paid; now it is, with another card."""

    name = "invoice.pay"
    kinds = ("invoice.pay",)
    card = "pm_card_mastercard"

    def prepare(self, world: World) -> None:
        buy(world)
        world.made["owed"] = leave_unpaid(world)
        card = give_card(world, self.card)
        world.form = {"payment": str(card.pk), "attempt": "0"}
        world.made["before"] = self.there(world)

    def act(self, world: World) -> None:
        world.post("billing:invoice_pay", world.made["owed"].pk)

    def here(self, world: World) -> Facts:
        return self.here_at_last(world)

    def here_at_last(self, world: World) -> Facts:
        row = row_of(world)
        invoices = Invoice.objects.filter(subscription_id=row.pk)
        return {
            **Change.here(self, world),
            "charged": sum(i.paid_minor for i in invoices),
            "owed": sum(i.remaining_minor for i in invoices if i.status == "open"),
        }

    def page(self, world: World) -> Facts:
        html = world.get("billing:invoice", world.made["owed"].pk)
        if "answered yet" in html:
            return {}
        due = re.search(r"Amount due</dt><dd[^>]*><b>€([\d,.]+)", html)
        assert due, html
        return {"owed": int(Decimal(due[1].replace(",", "")) * 100)}

    def honest(self, said: Facts, so: Facts) -> bool:
        return all(so[name] == value for name, value in said.items())

    def wanted(self, world: World) -> Facts:
        before = world.made["before"]
        charged = before["charged"] + before["owed"]
        return {**before, "charged": charged, "owed": 0}

    def check(self, world: World) -> None:
        mine = Activity.objects.filter(organization_id=world.buyer.organization_id)
        assert mine.filter(verb="invoice_paid").count() == 1


class PayAfterTheBank(Pay):
    """The bank asks its cardholder: nothing is charged until it is answered."""

    name = "invoice.pay, the bank asks"
    card = "pm_card_authenticationRequired"

    def wanted(self, world: World) -> Facts:
        return dict(world.made["before"])

    def check(self, world: World) -> None:
        mine = Activity.objects.filter(organization_id=world.buyer.organization_id)
        assert not mine.filter(verb="invoice_paid").exists()


def leave_unpaid(world: World) -> Invoice:
    """Charge for three more licenses, which is refused, as a renewal's would be."""
    pay_with(world, "pm_card_chargeCustomerFail")
    row = row_of(world)
    item = {"id": row.stripe_item_id, "quantity": 15}
    world.stripe.v1.subscriptions.update(
        row.stripe_subscription_id,
        {"items": [item], "proration_behavior": "always_invoice"},
    )
    sync_subscription(row.stripe_subscription_id)
    newest = invoices_at_stripe(world)[0]
    found = gateway.read_invoice(str(newest.id))
    # Only time brings a real one, and it would pass for every world at once.
    renewal = dataclasses.replace(found, reason="subscription_cycle", attempted=False)
    return apply_invoice(
        found=renewal,
        profile=world.profile,
        about=About(row.pk, "Diagrams"),
        read_at=timezone.now(),
    )
