"""Going on as another subscription of Stripe's: paid, waiting for the bank, or not."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing import gateway
from billing.gateway.shapes import StripeSubscription
from billing.models import StripeOperation
from billing.services import operations
from selfservice.core.errors import DomainError
from selfservice.subscriptions.models import ContractState, NextContract
from selfservice.subscriptions.operations.common import (
    Answer,
    apply_answer,
    log_refused,
    subject_of,
)
from selfservice.subscriptions.operations.quantity import ASKS_THE_BANK
from selfservice.subscriptions.services.contract import locked_subscription
from selfservice.subscriptions.services.next_contract import contract_of
from selfservice.subscriptions.services.stripe_status import UNPAID, USABLE


class StillRuns(gateway.GatewayRejected):
    """The one that was to be followed has been renewed, and nobody told us."""

    def __init__(self) -> None:
        DomainError.__init__(
            self,
            _("This subscription was renewed in the meantime. Nothing was charged."),
        )
        self.code, self.status = "still_runs", 409


def start_next(operation: StripeOperation) -> Answer:
    """Start the next contract; tell paid, waiting and declined apart.

    Raises PaymentDeclined, when nothing of it is left at Stripe; GatewayUnavailable,
    GatewayRejected.
    """
    contract = _contract(operation)
    read_at = timezone.now()
    found = gateway.buy_subscription(
        customer_id=contract.profile.stripe_customer_id,
        price_id=contract.price.stripe_price_id,
        quantity=contract.quantity,
        card_id=contract.payment_method.stripe_payment_method_id,
        own_ids={
            "organization": str(operation.organization_id),
            "subscription": str(operation.subject_id),
            "attempt": str(contract.attempt),
            "operation": str(operation.pk),
        },
        key=operation.key,
    )
    # The same key answers with what was so at the first call; the truth is newer.
    if operation.attempts > 1:
        read_at = timezone.now()
        found = gateway.read_subscription(found.id)
    return _paid_or_waiting(operation, found, read_at)


def prove_next(operation: StripeOperation) -> Answer | None:
    """The one that carries the operation's id; null when it was never started."""
    read_at = timezone.now()
    found = gateway.find_subscription(
        customer_id=_contract(operation).profile.stripe_customer_id,
        own_key="operation",
        own_value=str(operation.pk),
    )
    return None if found is None else _paid_or_waiting(operation, found, read_at)


def refuse_next(operation: StripeOperation, error: operations.Refusal) -> None:
    """It never came about: everything stays as it was, and the log says so."""
    subscription = locked_subscription(operation.organization_id, operation.subject_id)
    contract = contract_of(subscription, operation.arguments["attempt"])
    if contract.state != ContractState.WAITING:
        return
    contract.state = ContractState.DROPPED
    contract.save()
    declined = isinstance(error, gateway.PaymentDeclined)
    log_refused(operation, "order_declined" if declined else "change_refused")


def end_former(operation: StripeOperation) -> None:
    """See that the one before is over, with no invoice of it left to pay.

    Raises StillRuns, when it was paid after all; GatewayUnavailable,
    GatewayRejected.
    """
    former = operation.arguments["former"]
    if not former:
        return
    if gateway.read_subscription(former).status in USABLE - UNPAID:
        raise StillRuns
    gateway.give_up(subscription_id=former, key=f"{operation.key}-former")


def _contract(operation: StripeOperation) -> NextContract:
    return contract_of(subject_of(operation), operation.arguments["attempt"])


def _paid_or_waiting(
    operation: StripeOperation, found: StripeSubscription, read_at: dt.datetime
) -> Answer:
    if found.status in USABLE:
        return Answer(found, None, read_at)
    tried = gateway.last_payment_try(found.latest_invoice_id)
    if found.status == "incomplete":
        if tried is None or tried.status in ASKS_THE_BANK:
            return Answer(found, tried, read_at)
        read_at = timezone.now()
        found = gateway.drop_subscription(
            subscription_id=found.id, key=f"{operation.key}-drop"
        )
        # Paid at the same moment: then it couldn't be dropped, and it counts.
        if found.status in USABLE:
            return Answer(found, None, read_at)
    raise gateway.PaymentDeclined(tried.decline if tried else "")


def _reactivate(operation: StripeOperation) -> Answer:
    end_former(operation)
    return start_next(operation)


REACTIVATE = operations.Kind(
    call=_reactivate,
    apply=apply_answer,
    refuse=refuse_next,
    prove=prove_next,
    lapses=True,
)
operations.kinds.register("subscription.reactivate", REACTIVATE)
