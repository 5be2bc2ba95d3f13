"""Handing a subscription to somebody else, who goes on where it is paid for.

Three writes to Stripe, each under a key of its own, and each looked for or repeated
without harm when a process dies or an answer is lost:

    take over   the receiver's begins, charges nothing, and ends with the paid period
    end         the giver's ends, without any money back
    go on       the receiver's is renewed, or ends with the term

So the two are never renewed both: before the end only the giver's would be, after it
none until the last write. Here nothing moves before all three are done.
"""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils import timezone

from billing import gateway
from billing.gateway.shapes import StripeSubscription
from billing.models import BillingProfile, StripeOperation
from billing.services import operations
from selfservice.accounts.models import User
from selfservice.activity.services.record import Change, record_all
from selfservice.core import hooks
from selfservice.subscriptions import mails
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.operations.common import Answer
from selfservice.subscriptions.services.contract import (
    apply_subscription,
    locked_subscription,
    locked_to_apply,
    stop_if_left,
)
from selfservice.subscriptions.services.counting import drop_scheduled_change
from selfservice.subscriptions.services.recurring import TRANSFER as TRANSFER_KIND
from selfservice.subscriptions.services.stripe_status import ENDED


def _transfer(operation: StripeOperation) -> Answer:
    arguments = operation.arguments
    made = _taken_over(operation)
    if made.status in ENDED:
        # The paid period was over before all was done; the giver's has its own way.
        raise operations.TooLate
    gateway.end_for_good(subscription_id=arguments["from"], key=f"{operation.key}-end")
    read_at = timezone.now()
    found = gateway.end_at(
        subscription_id=made.id,
        at=_until(operation),
        feedback=None,
        comment="",
        key=f"{operation.key}-go-on",
    )
    if operation.attempts > 1:
        read_at = timezone.now()
        found = gateway.read_subscription(found.id)
    return Answer(found, None, read_at)


def _taken_over(operation: StripeOperation) -> StripeSubscription:
    """The receiver's: what a first try made, however long ago, else a new one."""
    arguments = operation.arguments
    if operation.attempts > 1 and (made := _find(operation)) is not None:
        return made
    return gateway.take_over(
        customer_id=arguments["customer"],
        price_id=arguments["price"],
        quantity=arguments["quantity"],
        card_id=arguments["card"],
        period=gateway.PaidPeriod(
            start=dt.datetime.fromisoformat(arguments["period_start"]),
            end=dt.datetime.fromisoformat(arguments["period_end"]),
            anchor=dt.datetime.fromisoformat(arguments["periods_from"]),
            yearly=arguments["yearly"],
        ),
        own_ids={
            "organization": str(operation.organization_id),
            "subscription": str(operation.subject_id),
            "attempt": str(arguments["attempt"]),
            "operation": str(operation.pk),
            "anchored_at": arguments["period_end"],
            "periods_from": arguments["periods_from"],
            "terms_from": arguments["terms_from"],
        },
        key=operation.key,
        attempt=operation.attempts,
    )


def _find(operation: StripeOperation) -> StripeSubscription | None:
    return gateway.find_subscription(
        customer_id=operation.arguments["customer"],
        own_key="operation",
        own_value=str(operation.pk),
    )


def _until(operation: StripeOperation) -> dt.datetime | None:
    until = operation.arguments["until"]
    return dt.datetime.fromisoformat(until) if until else None


def _prove(operation: StripeOperation) -> Answer | None:
    """Done only when all three are; else it is gone on with, and nothing twice."""
    read_at = timezone.now()
    made = _find(operation)
    if made is None or made.cancel_at != _until(operation):
        return None
    former = gateway.read_subscription(operation.arguments["from"])
    return Answer(made, None, read_at) if former.status in ENDED else None


def _apply(operation: StripeOperation, answer: Answer) -> str:
    """Locked in the order of everywhere: people, assignments, the subscription."""
    arguments, organization_id = operation.arguments, operation.organization_id
    people = User.objects.filter(
        organization_id=organization_id,
        pk__in=[arguments["giver"], arguments["receiver"]],
    )
    list(people.select_for_update(no_key=True).order_by("pk"))
    handed = hooks.SubscriptionHandedOver(
        organization_id, operation.subject_id, uuid.UUID(arguments["receiver"])
    )
    hooks.subscription_handed_over.send(handed)
    locked_subscription(organization_id, operation.subject_id)
    # What was given out until the row was locked.
    hooks.subscription_handed_over.send(handed)
    subscription = locked_subscription(organization_id, operation.subject_id)
    _move(subscription, operation)
    apply_subscription(
        subscription=subscription,
        found=answer.found,
        payment_try=None,
        read_at=answer.read_at,
    )
    if subscription.recurring_billing:
        stop_if_left(subscription)
        subscription.save()
    _record(operation)
    mails.transferred(subscription)
    return answer.found.id


def _move(subscription: Subscription, operation: StripeOperation) -> None:
    """It is the receiver's now; what comes about the giver's changes nothing more."""
    arguments = operation.arguments
    profile = BillingProfile.objects.get(
        organization_id=operation.organization_id, pk=arguments["profile"]
    )
    subscription.purchaser_id = uuid.UUID(arguments["receiver"])
    subscription.profile = profile
    subscription.payment_method_id = uuid.UUID(arguments["payment_method"])
    subscription.attempt = arguments["attempt"]
    subscription.stripe_subscription_id = ""
    subscription.stripe_synced_at = None
    drop_scheduled_change(subscription)
    if not arguments["until"]:
        subscription.cancelled_at = None
        subscription.cancel_reason = subscription.cancel_feedback = ""


def _stay(operation: StripeOperation, error: operations.Refusal) -> None:
    """It stays with the giver; who may have left meanwhile."""
    subscription = locked_to_apply(operation.organization_id, operation.subject_id)
    if subscription.recurring_billing:
        stop_if_left(subscription)
        subscription.save()
    record_all([_change(operation, "subscription", operation.subject_id, "refused")])


def _record(operation: StripeOperation) -> None:
    """On the subscription, and for each of the two."""
    giver = uuid.UUID(operation.arguments["giver"])
    receiver = uuid.UUID(operation.arguments["receiver"])
    record_all(
        [
            _change(operation, "subscription", operation.subject_id, "done"),
            _change(operation, "user", giver, "given"),
            _change(operation, "user", receiver, "received"),
        ]
    )


def _change(
    operation: StripeOperation, kind: str, subject_id: uuid.UUID, what: str
) -> Change:
    verbs = {
        "done": "transferred",
        "refused": "transfer_refused",
        "given": "subscription_given",
        "received": "subscription_received",
    }
    return Change(
        organization_id=operation.organization_id,
        actor_id=None,
        subject_kind=kind,
        subject_id=subject_id,
        verb=verbs[what],
        before={"purchaser": operation.arguments["giver"]},
        after={
            "purchaser": operation.arguments["receiver"],
            "subscription": str(operation.subject_id),
        },
    )


TRANSFER = operations.Kind(call=_transfer, apply=_apply, refuse=_stay, prove=_prove)
operations.kinds.register(TRANSFER_KIND, TRANSFER)
