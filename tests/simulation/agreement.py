"""Ours and theirs say the same: after every answer, and of everything at the end."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from django.db.models import Q

from billing.models import Invoice, StripeEvent, StripeOperation
from billing.models.stripe import UNSETTLED, OperationState
from selfservice.accounts.models import User
from selfservice.activity.models import Mail, MailState
from selfservice.core.drift import Comparison
from selfservice.portal.services.reconcile import Scope, reconcile
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import OrderState, Subscription
from tests.simulation import post
from tests.simulation.facts import Facts, read_facts
from tests.simulation.theirs import LIVE, Json, quantity_of
from tests.simulation.world import World

ROUNDS = 12
CONFIRMATIONS = ["order_confirmed", "trial_started"]


def answers_are_applied(before: set[Any], facts: Facts) -> set[Any]:
    """Whatever was settled since `before` stands in our row as Stripe has it.

    What was read earlier must not come on top of it. Returns what is settled now.
    """
    settled = {o.pk: o for o in facts.operations if o.state == OperationState.SUCCEEDED}
    waits = {o.subject_id for o in facts.operations if o.state in UNSETTLED}
    for operation in (settled[key] for key in settled.keys() - before):
        row = facts.subscriptions.get(operation.subject_id)
        if row is None or row.pk in waits:
            continue
        found = facts.theirs.subscriptions.get(row.stripe_subscription_id)
        if found is not None:
            ours, theirs = compare(row, found)
            assert ours == theirs, f"{operation.kind}: {differs(ours, theirs)}"
    return set(settled)


def differs(ours: Json, theirs: Json) -> str:
    return ", ".join(
        f"{name}: {ours.get(name)} here, {theirs.get(name)} there"
        for name in sorted({*ours, *theirs})
        if ours.get(name) != theirs.get(name)
    )


def compare(row: Subscription, found: Json) -> tuple[Json, Json]:
    """What ours says, and what it should."""
    if found["status"] not in LIVE:
        return {"status": row.stripe_status}, {"status": found["status"]}
    item = found["items"]["data"][0]
    waits = (found["pending_update"] or {}).get("subscription_items")
    ours = {
        "status": row.stripe_status,
        "quantity": row.stripe_quantity if _tried(row, found) else row.quantity,
        "recurring": row.recurring_billing,
        "period_end": row.period_end and int(row.period_end.timestamp()),
        "pending": row.pending_quantity,
        "price": row.price.stripe_price_id,
        "card": row.payment_method and row.payment_method.stripe_payment_method_id,
    }
    theirs = {
        "status": found["status"],
        "quantity": quantity_of(found),
        "recurring": not (found["cancel_at"] or found["cancel_at_period_end"]),
        "period_end": item["current_period_end"],
        "pending": waits[0]["quantity"] if waits else None,
        "price": item["price"]["id"],
        "card": found["default_payment_method"],
    }
    return ours, theirs


def _tried(row: Subscription, found: Json) -> bool:
    """There Stripe's number is the one to pay for afterwards."""
    return row.is_trial and bool(found["status"] == "trialing")


def make_peace(world: World, seed: int) -> None:
    """Every webhook arrives, in any order; the workers do all there is to do."""
    numbers = random.Random(seed)
    for _round in range(ROUNDS):
        world.look()
        world.post.deliver_all(numbers.randrange(1000))
        post.sweep_everything()
        post.work()
        world.look()
        if not world.post.waiting and not post.queued() and not _unfinished(world):
            return
    raise AssertionError(f"still unfinished: {_unfinished(world)} {post.queued()}")


def _unfinished(world: World) -> list[str]:
    operations = StripeOperation.objects.filter(state__in=UNSETTLED)
    events = StripeEvent.objects.filter(processed_at=None)
    return [
        *(f"{o.kind} {o.attempts}x {o.error}" for o in operations),
        *(f"{e.type} {e.error}" for e in events),
    ]


def check_peace(world: World) -> None:
    """A fresh look at Stripe gives what we have. Lost webhooks are mended first."""
    if world.post.lost:
        _reconcile(world, fix=True)
        post.sweep_everything()
        post.work()
        world.look()
    assert _reconcile(world, fix=False) == [], "drift"
    world.theirs.read_again()
    facts = read_facts(world)
    for row in facts.subscriptions.values():
        found = facts.theirs.subscriptions.get(row.stripe_subscription_id)
        if found is not None:
            ours, theirs = compare(row, found)
            assert ours == theirs, differs(ours, theirs)
            if _tried(row, found):
                assert row.paid_quantity == quantity_of(found), "not what is shown"
    _check_invoices(world, facts)
    _check_wishes(world, facts)
    _check_mail(world, facts)


def _check_wishes(world: World, facts: Facts) -> None:
    """Nothing is renewed for whoever has left, and no bank is waited for."""
    left = Q(is_active=False) | Q(removed_at__isnull=False)
    people = User.objects.filter(left, organization_id__in=world.organization_ids)
    gone = set(people.values_list("pk", flat=True))
    for row in facts.subscriptions.values():
        if row.purchaser_id not in gone:
            continue
        assert row.order_state != OrderState.PENDING, "waits for whoever has left"
        if lifecycle.state_at(row, facts.now) in lifecycle.ASSIGNABLE:
            assert not row.recurring_billing, "renewed for somebody who has left"


def _check_mail(world: World, facts: Facts) -> None:
    """One confirmation an order; and all that was to be sent was sent."""
    sent = Mail.objects.filter(organization_id__in=world.organization_ids)
    assert not sent.exclude(state=MailState.SENT).exists()
    confirmed = Counter(
        sent.filter(kind__in=CONFIRMATIONS).values_list("subject_id", flat=True)
    )
    assert set(confirmed.values()) <= {1}
    for row in facts.subscriptions.values():
        was_there = row.purchaser_id not in world.ever_gone
        if row.order_state == OrderState.CONFIRMED and was_there:
            assert confirmed[row.pk] == 1, "nobody was told of an order"


def _check_invoices(world: World, facts: Facts) -> None:
    """What was charged stands here, to the cent, and nothing else."""
    ours = {
        row.stripe_invoice_id: (row.status, row.total_minor, row.refunded_minor)
        for row in Invoice.objects.filter(organization_id__in=world.organization_ids)
    }
    theirs = {
        key: (
            found["status"],
            found["total"],
            found["post_payment_credit_notes_amount"],
        )
        for key, found in facts.theirs.invoices.items()
        if found["status"] != "draft"
    }
    assert ours == theirs, differs(ours, theirs)
    for operation in facts.operations:
        if operation.kind == "invoice.refund":
            assert operation.state == OperationState.SUCCEEDED, operation.error


def _reconcile(world: World, *, fix: bool) -> list[str]:
    return [
        str(finding)
        for company in world.companies
        for finding in reconcile(Comparison(fix=fix), Scope(company))
    ]
