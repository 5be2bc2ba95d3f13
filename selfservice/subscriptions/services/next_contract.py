"""Going on as another subscription of Stripe's: only once that is paid.

    begin   a row that waits, with an attempt of its own, and its operation
    follow  what Stripe says of it: the subscription takes it over, or it is dropped

Until then the subscription stays exactly as it is, and events of the one that it
leaves change nothing afterwards. What else taking over means is registered by its
reason in `endings`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

from django.conf import settings
from django.db.models import Max, QuerySet

from billing.gateway.shapes import StripeSubscription
from billing.models import BillingProfile, PaymentMethod, StripeOperation
from billing.services import operations, refs
from selfservice.catalog.models import Price
from selfservice.core import clock, hooks
from selfservice.core.money import Money
from selfservice.subscriptions.models import (
    ContractReason,
    ContractState,
    NextContract,
    Subscription,
)
from selfservice.subscriptions.services import counting, recurring
from selfservice.subscriptions.services.log import log
from selfservice.subscriptions.services.stripe_status import ENDED, USABLE

# What taking over means besides, by its reason; the row is locked, and saved after.
endings: hooks.Registry[Callable[[Subscription, NextContract], None]] = hooks.Registry(
    "end of a next contract"
)


def begin_next(
    locked: Subscription,
    *,
    reason: ContractReason,
    price: Price,
    profile: BillingProfile,
    card: PaymentMethod,
    total: Money,
) -> StripeOperation:
    """Write it and its operation `subscription.<reason>`, once.

    In the caller's transaction, which has locked the row and counted the change;
    none may wait already. For as many licenses as there are.
    """
    contract = NextContract.objects.create(
        organization_id=locked.organization_id,
        subscription=locked,
        attempt=next_attempt(locked),
        reason=reason,
        profile=profile,
        payment_method=card,
        price=price,
        quantity=locked.quantity,
        total_minor=total.minor,
        begun_at=clock.now(),
    )
    return operations.begin(
        kind=f"subscription.{reason}",
        key=f"{reason}-{locked.pk}-{contract.attempt}",
        organization_id=locked.organization_id,
        subject_id=locked.pk,
        arguments={
            "attempt": contract.attempt,
            "former": locked.stripe_subscription_id,
            # Named, so that nobody deletes it while Stripe's answer is awaited.
            "card": card.stripe_payment_method_id,
        },
    )


def waiting_contract(subscription: Subscription) -> NextContract | None:
    """The one that isn't paid yet; null when none waits."""
    return _contracts(subscription).filter(state=ContractState.WAITING).first()


def contract_of(subscription: Subscription, attempt: int) -> NextContract:
    """The one with this number. Raises NextContract.DoesNotExist."""
    return _contracts(subscription).get(attempt=attempt)


def contract_lapses_at(contract: NextContract) -> dt.datetime:
    """Until when its payment can be confirmed."""
    return contract.begun_at + dt.timedelta(hours=settings.ORDER_LAPSES_AFTER_HOURS)


def lock_people(organization_id: uuid.UUID, subscription_id: uuid.UUID) -> None:
    """While one waits, lock first who gets a license by it, and who pays.

    People are locked before their licenses, and those before subscriptions.
    """
    payers = NextContract.objects.filter(
        organization_id=organization_id,
        subscription_id=subscription_id,
        state=ContractState.WAITING,
    ).values_list("subscription__purchaser_id", "profile__purchaser_id")
    people = {person for pair in payers for person in pair}
    if people:
        hooks.subscription_resuming.send(
            hooks.SubscriptionResumes(organization_id, subscription_id, tuple(people))
        )


def follow(
    subscription: Subscription, found: StripeSubscription
) -> NextContract | None:
    """Take it over when it is paid; null unless that was done right now.

    `subscription` is locked. The caller applies all that Stripe says of the new one,
    saves, and calls `finish`.
    """
    contract = waiting_contract(subscription)
    if contract is None or found.metadata.get("attempt") != str(contract.attempt):
        return None
    contract.stripe_subscription_id = found.id
    refs.keep(
        stripe_id=found.id,
        kind="subscription",
        organization_id=subscription.organization_id,
        row_id=subscription.pk,
    )
    taken = found.status in USABLE
    if taken:
        contract.state = ContractState.TAKEN
        _take_over(subscription, contract, found)
    elif found.status in ENDED and not _asking(subscription, contract):
        contract.state = ContractState.DROPPED
        log(subscription, "order_dropped", by=None)
    elif found.status == "incomplete" and recurring.has_left(subscription):
        # Nobody is there to ask their bank.
        begin_drop(subscription, contract)
    contract.save()
    return contract if taken else None


def finish(subscription: Subscription, contract: NextContract) -> None:
    """Whatever taking over means besides; the row is locked and has been saved."""
    ending = endings.get(contract.reason)
    if ending is not None:
        ending(subscription, contract)


def begin_drop(subscription: Subscription, contract: NextContract) -> StripeOperation:
    """Ask, in the caller's transaction, that Stripe ends it while it isn't paid."""
    return operations.begin(
        kind="subscription.drop",
        key=f"drop-{subscription.pk}-{contract.attempt}",
        organization_id=subscription.organization_id,
        subject_id=subscription.pk,
        arguments={"stripe_id": contract.stripe_subscription_id},
        for_worker=True,
    )


def _take_over(
    subscription: Subscription, contract: NextContract, found: StripeSubscription
) -> None:
    """A new term from its first day; of the one before nothing is left."""
    counting.drop_scheduled_change(subscription)
    subscription.attempt = contract.attempt
    subscription.stripe_subscription_id = found.id
    subscription.stripe_synced_at = None
    subscription.profile = contract.profile
    subscription.payment_method = contract.payment_method
    subscription.price = contract.price
    subscription.plan = contract.price.plan
    subscription.bought_at = found.started_at
    subscription.expected_total_minor = contract.total_minor
    subscription.disabled_at = subscription.past_due_since = None
    subscription.pending_quantity = subscription.pending_until = None
    subscription.cancelled_at = None
    subscription.cancel_reason = subscription.cancel_feedback = ""


def _asking(subscription: Subscription, contract: NextContract) -> bool:
    """Whether its own operation still finds out what became of it."""
    return operations.unsettled(
        organization_id=subscription.organization_id,
        subject_id=subscription.pk,
        kind=f"subscription.{contract.reason}",
    )


def _contracts(subscription: Subscription) -> QuerySet[NextContract]:
    return NextContract.objects.filter(
        organization_id=subscription.organization_id, subscription_id=subscription.pk
    ).select_related("price__plan", "profile", "payment_method")


def next_attempt(subscription: Subscription) -> int:
    """A number that no contract of it has had, at Stripe either."""
    last = _contracts(subscription).aggregate(last=Max("attempt"))["last"]
    return max(last or 0, subscription.attempt) + 1
