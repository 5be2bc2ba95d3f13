"""Undoing a change that waits for the renewal."""

from __future__ import annotations

from django.utils.translation import gettext as _

from billing.models import StripeOperation
from billing.services import operations
from selfservice.activity.services.record import Change, record
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.operations import UNSCHEDULE
from selfservice.subscriptions.services.changing import (
    CannotChange,
    Outcome,
    begin_change,
    operation_key,
    run_change,
)
from selfservice.subscriptions.services.counting import scheduled_change


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
    record(
        Change(
            organization_id=locked.organization_id,
            actor_id=locked.purchaser_id,
            subject_kind="subscription",
            subject_id=locked.pk,
            verb="change_undone",
            before={"quantity": change.quantity},
            after={"quantity": locked.quantity},
        )
    )
    # The larger number counts only when Stripe has let go of the smaller one.
    return operations.begin(
        kind="subscription.unschedule",
        key=operation_key(locked, "unschedule"),
        organization_id=locked.organization_id,
        subject_id=locked.pk,
        arguments={"schedule": change.stripe_schedule_id},
    )
