"""Another billing frequency at the renewal, and undoing what waits for it."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from billing.models import StripeOperation
from billing.services import operations
from selfservice.catalog.queries import Offer, offers
from selfservice.core import clock
from selfservice.subscriptions.models import ScheduledChange, Subscription
from selfservice.subscriptions.operations import SCHEDULE, UNSCHEDULE
from selfservice.subscriptions.services.changing import (
    CannotChange,
    Outcome,
    begin_change,
    operation_key,
    run_change,
    up_to_date,
)
from selfservice.subscriptions.services.counting import scheduled_change
from selfservice.subscriptions.services.log import log
from selfservice.subscriptions.services.quantity_rules import check_schedulable


def frequencies_of(subscription: Subscription) -> list[Offer]:
    """The ways to pay for the same term in the same currency, today's prices."""
    found = offers(
        currency=subscription.price.currency, product_ids=[subscription.product_id]
    )
    return [
        offer
        for offer in found.get(subscription.product_id, [])
        if offer.plan.term == subscription.plan.term
    ]


def schedule_frequency(*, subscription: Subscription, plan_id: uuid.UUID) -> Outcome:
    """Pay at another frequency from the renewal on, at today's price.

    Raises CannotChange, ChangeUnderWay, PreviewStale, GatewayRejected.
    """
    up_to_date(subscription)
    choices = {offer.plan.pk: offer for offer in frequencies_of(subscription)}
    offer = choices.get(plan_id)
    if offer is None or plan_id == subscription.plan_id:
        raise CannotChange(_("Choose another billing frequency than the present one."))
    operation = begin_change(
        subscription,
        change_number=subscription.change_number,
        begin=lambda locked: _begin_frequency(locked, offer),
    )
    outcome = run_change(operation, SCHEDULE)[0]
    subscription.refresh_from_db()
    return outcome


def _begin_frequency(locked: Subscription, offer: Offer) -> StripeOperation:
    check_schedulable(locked, clock.now())
    ScheduledChange.objects.create(
        organization_id=locked.organization_id,
        subscription=locked,
        quantity=locked.quantity,
        price=offer.price,
        takes_effect_at=locked.term_ends,
    )
    log(
        locked,
        "frequency_scheduled",
        by=locked.purchaser_id,
        before={"plan": str(locked.plan_id)},
        after={"plan": str(offer.plan.pk)},
    )
    return operations.begin(
        kind="subscription.schedule",
        key=operation_key(locked, "frequency"),
        organization_id=locked.organization_id,
        subject_id=locked.pk,
    )


def undo_scheduled_change(*, subscription: Subscription) -> Outcome:
    """Let everything stay as it is at the renewal.

    Raises CannotChange when nothing waits, ChangeUnderWay, PreviewStale,
    GatewayRejected.
    """
    operation = begin_change(
        subscription, change_number=subscription.change_number, begin=_begin
    )
    outcome = run_change(operation, UNSCHEDULE)[0]
    subscription.refresh_from_db()
    return outcome


def _begin(locked: Subscription) -> StripeOperation:
    change = scheduled_change(locked)
    if change is None or not change.stripe_schedule_id:
        raise CannotChange(_("Nothing is scheduled for the renewal any more."))
    log(
        locked,
        "change_undone",
        by=locked.purchaser_id,
        before={"quantity": change.quantity},
        after={"quantity": locked.quantity},
    )
    # The larger number counts only when Stripe has let go of the smaller one.
    return operations.begin(
        kind="subscription.unschedule",
        key=operation_key(locked, "unschedule"),
        organization_id=locked.organization_id,
        subject_id=locked.pk,
        arguments={"schedule": change.stripe_schedule_id},
    )
