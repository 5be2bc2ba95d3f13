"""Scenarios of a running subscription's life, as its panes change it."""

from __future__ import annotations

import datetime as dt
import re
import uuid

from billing.models import Invoice
from selfservice.activity.models import Activity
from selfservice.core import clock
from selfservice.core.money import Money
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.buying import Order, place_order, quote
from selfservice.subscriptions.services.contract import sync_subscription
from selfservice.subscriptions.services.ending import preview_cancel
from selfservice.subscriptions.services.overdue import give_up_overdue
from selfservice.subscriptions.services.quantity import Preview, preview_quantity
from tests.reliability.buying import QUANTITY, at_stripe, invoices_at_stripe
from tests.reliability.scenarios import Facts, Scenario
from tests.reliability.world import World, give_card, work


class Change(Scenario):
    """A subscription of 12 licenses, and what becomes of it.

    A subclass says in `done` which facts the change makes different.
    """

    done: Facts = {}

    def prepare(self, world: World) -> None:
        buy(world)
        world.made["before"] = self.there(world)

    def there(self, world: World) -> Facts:
        (found,) = at_stripe(world)
        invoices = invoices_at_stripe(world)
        pending = found.pending_update
        waiting = pending.subscription_items if pending else None
        return {
            "running": found.status in {"active", "past_due"},
            "licenses": found["items"].data[0].quantity,
            "waiting": waiting[0].quantity if waiting else None,
            "at_renewal": _scheduled(world, str(found.schedule or "")),
            "ends": found.cancel_at is not None,
            "charged": sum(i.amount_paid for i in invoices),
            "owed": sum(i.amount_remaining for i in invoices if i.status == "open"),
            "given_back": _given_back(world),
        }

    def here(self, world: World) -> Facts:
        row = row_of(world)
        running = row.stripe_status in {"active", "past_due"}
        return {
            "running": running,
            "licenses": row.quantity,
            "waiting": row.pending_quantity,
            "at_renewal": row.scheduled_quantity,
            "ends": running and not row.recurring_billing,
            "given_back": sum(logged(world, "refunded", "amount_minor")),
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
        number = re.search(r'class="big">(\d+) ', html)
        badge = re.search(r'<h1.*?class="badge[^>]*>(?:<[^>]*>)*([A-Za-z ]+)', html)
        assert number
        assert badge, html
        claims: Facts = {"licenses": int(number[1])}
        if "checking with the payment provider" not in html:
            claims["running"] = badge[1].strip() == "Active"
            claims["ends"] = claims["running"] and "Expires on" in html
        return claims

    def honest(self, said: Facts, so: Facts) -> bool:
        """Licenses go before Stripe is told, and come after it said yes."""
        fewer = said["licenses"] <= so["licenses"]
        return fewer and super().honest({**said, "licenses": so["licenses"]}, so)

    def wanted(self, world: World) -> Facts:
        return {**world.made["before"], **self.done}


class More(Change):
    """More licenses, charged at once to a card that works."""

    name = "subscription.more"
    kinds = ("subscription.more",)
    done = {"licenses": 15}
    card = ""

    def prepare(self, world: World) -> None:
        super().prepare(world)
        if self.card:
            pay_with(world, self.card)
        shown = fill_quantity(world, 15)
        assert shown.charge
        world.made["charge"] = shown.charge.minor

    def act(self, world: World) -> None:
        world.post("licensing:quantity", row_of(world).pk)

    def wanted(self, world: World) -> Facts:
        wanted = super().wanted(world)
        wanted["charged"] += world.made["charge"]
        return wanted

    def check(self, world: World) -> None:
        assert logged(world, "licenses_added", "quantity") == [15]


class MoreWithBadCard(More):
    """More licenses with a card that the bank declines: nothing is left to pay."""

    name = "subscription.more, declined"
    declined = True
    # A pending update lapses within a day, by itself.
    provable = False
    done = {}
    card = "pm_card_chargeCustomerFail"

    def wanted(self, world: World) -> Facts:
        return Change.wanted(self, world)

    def check(self, world: World) -> None:
        assert logged(world, "licenses_added", "quantity") == []


class MoreAfterTheBank(MoreWithBadCard):
    """More licenses that wait until the bank's question is answered."""

    name = "subscription.more, the bank asks"
    declined = False
    done = {"waiting": 15}
    card = "pm_card_authenticationRequired"

    def wanted(self, world: World) -> Facts:
        return {**super().wanted(world), "owed": world.made["charge"]}


class Fewer(Change):
    """Fewer licenses inside the window: the money goes back to the card."""

    name = "subscription.fewer"
    kinds = ("subscription.fewer", "invoice.refund")
    done = {"licenses": 10}
    act = More.act

    def prepare(self, world: World) -> None:
        super().prepare(world)
        shown = fill_quantity(world, 10)
        assert shown.refund
        world.made["refund"] = shown.refund.minor

    def wanted(self, world: World) -> Facts:
        return {**super().wanted(world), "given_back": world.made["refund"]}

    def check(self, world: World) -> None:
        assert logged(world, "licenses_removed", "quantity") == [10]
        assert logged(world, "refunded", "amount_minor") == [world.made["refund"]]


class Schedule(Change):
    """Another number of licenses from the renewal on."""

    name = "subscription.schedule"
    kinds = ("subscription.schedule",)
    done = {"at_renewal": 15}
    act = More.act

    def prepare(self, world: World) -> None:
        super().prepare(world)
        fill_quantity(world, 15, at_renewal=True)


class Unschedule(Schedule):
    """What was to change at the renewal stays as it is."""

    name = "subscription.unschedule"
    kinds = ("subscription.unschedule",)
    done = {}

    def prepare(self, world: World) -> None:
        super().prepare(world)
        Schedule.act(self, world)

    def act(self, world: World) -> None:
        world.post("subscriptions:undo_change", row_of(world).pk)

    def check(self, world: World) -> None:
        assert len(_entries(world, "change_undone")) == 1


class End(Change):
    """Cancelled inside the window: it ends at once, and all of it is given back."""

    name = "subscription.end"
    kinds = ("subscription.end", "invoice.refund")
    done = {"running": False}

    def prepare(self, world: World) -> None:
        super().prepare(world)
        shown = preview_cancel(subscription=row_of(world))
        assert shown.refund
        world.form = {"seal": shown.seal, "reason": "not_needed"}
        world.made["refund"] = shown.refund.minor

    def act(self, world: World) -> None:
        world.post("subscriptions:cancel", row_of(world).pk)

    def wanted(self, world: World) -> Facts:
        return {**super().wanted(world), "given_back": world.made["refund"]}

    def check(self, world: World) -> None:
        assert len(_entries(world, "cancelled")) == 1
        assert logged(world, "refunded", "amount_minor") == [world.made["refund"]]


class RecurringOff(Change):
    """It ends with its term."""

    name = "subscription.recurring, off"
    kinds = ("subscription.recurring",)
    done = {"ends": True}

    def prepare(self, world: World) -> None:
        super().prepare(world)
        world.form = {"recurring": "off"}

    def act(self, world: World) -> None:
        world.post("subscriptions:recurring_billing", row_of(world).pk)

    def check(self, world: World) -> None:
        assert len(_entries(world, "recurring_off")) == 1


class RecurringOffWithChange(RecurringOff):
    """It ends with its term, and what was to change then never comes."""

    name = "subscription.recurring, off with a change"

    def prepare(self, world: World) -> None:
        super().prepare(world)
        fill_quantity(world, 15, at_renewal=True)
        More().act(world)
        world.form = {"recurring": "off"}


class RecurringOn(RecurringOff):
    """It goes on after all."""

    name = "subscription.recurring, on"
    done = {}

    def prepare(self, world: World) -> None:
        super().prepare(world)
        self.act(world)
        world.form = {"recurring": "on"}

    def check(self, world: World) -> None:
        assert len(_entries(world, "recurring_on")) == 1


class GiveUp(Change):
    """What stayed unpaid for thirty days is ended by the worker of the night."""

    name = "subscription.give_up"
    kinds = ("subscription.give_up",)
    done = {"running": False}

    def prepare(self, world: World) -> None:
        buy(world)
        pay_with(world, "pm_card_chargeCustomerFail")
        row = row_of(world)
        item = {"id": row.stripe_item_id, "quantity": 15}
        world.stripe.v1.subscriptions.update(
            row.stripe_subscription_id,
            {"items": [item], "proration_behavior": "always_invoice"},
        )
        sync_subscription(row.stripe_subscription_id)
        long_ago = clock.now() - dt.timedelta(days=31)
        Subscription.objects.filter(pk=row.pk).update(past_due_since=long_ago)
        world.made["before"] = self.there(world)

    def act(self, world: World) -> None:
        give_up_overdue()
        work()

    def honest(self, said: Facts, so: Facts) -> bool:
        """It is disabled by its dates, before Stripe is told."""
        return not said.get("running") and said["licenses"] == so["licenses"]

    def wanted(self, world: World) -> Facts:
        return {**super().wanted(world), "owed": 0}

    def check(self, world: World) -> None:
        assert len(_entries(world, "given_up")) == 1


def buy(world: World) -> None:
    """Twelve licenses, paid."""
    card = give_card(world)
    total = quote(offer=world.offer, quantity=QUANTITY, profile=card.profile)
    order = Order(
        key=uuid.uuid4(),
        offer=world.offer,
        quantity=QUANTITY,
        profile=card.profile,
        total=Money(total.total_minor, total.currency),
        assign_to_me=True,
    )
    place_order(order=order, card=card, buyer=world.buyer)


def fill_quantity(world: World, total: int, *, at_renewal: bool = False) -> Preview:
    """The pane's form with this number, looked at."""
    shown = preview_quantity(
        subscription=row_of(world), quantity=total, at_renewal=at_renewal
    )
    when = "renewal" if at_renewal else "now"
    world.form = {"total": str(total), "when": when, "seal": shown.seal}
    return shown


def pay_with(world: World, named: str) -> None:
    """From now on the subscription is paid with this one, by Stripe's own word."""
    card = world.stripe.v1.payment_methods.attach(named, {"customer": world.customer})
    world.stripe.v1.subscriptions.update(
        row_of(world).stripe_subscription_id, {"default_payment_method": card.id}
    )


def row_of(world: World) -> Subscription:
    return Subscription.objects.get(purchaser=world.buyer)


def logged(world: World, verb: str, name: str) -> list[int]:
    """What the activity log says under `name`, once for each entry."""
    return [entry.after[name] for entry in _entries(world, verb)]


def _entries(world: World, verb: str) -> list[Activity]:
    mine = Activity.objects.filter(organization_id=world.buyer.organization_id)
    return list(mine.filter(verb=verb))


def _scheduled(world: World, schedule_id: str) -> int | None:
    """From when the second phase of a running schedule has so many."""
    if not schedule_id:
        return None
    phases = world.stripe.v1.subscription_schedules.retrieve(schedule_id).phases
    return phases[-1].items[0].quantity if len(phases) > 1 else None


def _given_back(world: World) -> int:
    notes = world.stripe.v1.credit_notes.list(
        {"customer": world.customer, "limit": 100}
    )
    return sum(note.total for note in notes.data)
