"""What every change of a subscription has in common: one at a time, as it was shown."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from billing import gateway
from billing.models import StripeOperation
from billing.services import operations
from billing.services.invoices import sync_invoice
from billing.services.payers import locked_payer
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.contract import (
    locked_subscription,
    sync_subscription,
)

# A preview is for somebody who looks at it, not for tomorrow.
PREVIEW_LIVES = dt.timedelta(minutes=15)


class CannotChange(DomainError):
    """The change is refused before Stripe is asked; the sentence says why."""


class ChangeUnderWay(DomainError):
    """Another change of the same subscription waits for Stripe's answer."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Another change of this subscription is under way. Wait a moment, look"
                " at the new amount, and confirm again."
            )
        )


class PreviewStale(DomainError):
    """What was shown is no longer what would happen. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Something has changed since this was shown, so nothing was done. Look"
                " at the new amount, and confirm again."
            )
        )


def unseal(seal: str, salt: str) -> dict[str, Any]:
    """The facts that a preview was shown with. Raises PreviewStale."""
    try:
        shown: dict[str, Any] = signing.loads(seal, salt=salt, max_age=PREVIEW_LIVES)
    except signing.BadSignature as error:
        raise PreviewStale from error
    return shown


class Outcome(enum.StrEnum):
    """How far a change has come when its page is answered."""

    DONE = "done"
    # The bank wants the cardholder; nothing has changed until then.
    WAITING = "waiting"
    # Stripe's answer is unknown; the worker finds out.
    CHECKING = "checking"


def up_to_date(subscription: Subscription) -> Subscription:
    """The subscription with the term that Stripe has by now.

    Between the end of a term and the news of its renewal our row is of the old term:
    nothing can be changed on such dates. Raises CannotChange while the renewal isn't
    there at Stripe either; GatewayUnavailable, GatewayRejected.
    """
    ends = subscription.term_end
    if ends is None or ends > clock.now() or not subscription.recurring_billing:
        return subscription
    sync_subscription(subscription.stripe_subscription_id)
    subscription.refresh_from_db()
    running = lifecycle.state_at(subscription, clock.now()) == lifecycle.ACTIVE
    if running and subscription.term_end == ends:
        raise CannotChange(
            _("The renewal is in progress. Look again in a few minutes.")
        )
    return subscription


def begin_change(
    subscription: Subscription,
    *,
    change_number: int,
    begin: Callable[[Subscription], StripeOperation],
    prepare: Callable[[], None] | None = None,
    spends: bool = True,
) -> StripeOperation:
    """Lock the row and let `begin` write the change and its operation, once.

    The purchaser is locked first, `prepare` goes next, in the same transaction:
    people, assignments, subscriptions is the order everywhere. `begin` finds the
    purchaser as they are now. `change_number` is the one that was shown; a second
    Save of the same preview, and one while another change waits for its answer, get
    nothing. Unless it `spends` nothing, neither does somebody who can't sign in any
    more. Raises PayerGone, ChangeUnderWay, PreviewStale, and whatever `begin` raises,
    with nothing written.
    """
    with transaction.atomic(durable=True):
        payer = locked_payer(
            subscription.organization_id,
            subscription.purchaser_id,
            may_be_gone=not spends,
        )
        if prepare is not None:
            prepare()
        locked = locked_subscription(subscription.organization_id, subscription.pk)
        refuse_while_under_way(locked)
        handed_over = locked.purchaser_id != payer.pk
        if locked.change_number != change_number or handed_over:
            raise PreviewStale
        locked.purchaser = payer
        locked.change_number += 1
        operation = begin(locked)
        locked.save()
    return operation


def refuse_while_under_way(subscription: Subscription) -> None:
    """Raises ChangeUnderWay while Stripe's answer about it is not here yet."""
    if operations.unsettled(
        organization_id=subscription.organization_id, subject_id=subscription.pk
    ):
        raise ChangeUnderWay


def run_change[Answer](
    operation: StripeOperation, kind: operations.Kind[Answer]
) -> tuple[Outcome, Answer | None]:
    """Ask Stripe now; what it said. Unknown is CHECKING, and the worker goes on.

    Raises PaymentDeclined, GatewayRejected.
    """
    try:
        answer = operations.run(operation, kind)
    except gateway.GatewayUnavailable:
        return Outcome.CHECKING, None
    return Outcome.DONE, answer


def fetch_invoice(invoice_id: str) -> None:
    """Store the invoice of a change now; its webhook brings it too, a little later."""
    with suppress(gateway.GatewayUnavailable, gateway.GatewayRejected):
        sync_invoice(invoice_id)


def operation_key(subscription: Subscription, verb: str) -> str:
    """The idempotency key of the change that is begun right now."""
    number: int = subscription.change_number
    pk: uuid.UUID = subscription.pk
    return f"{verb}-{pk}-{number}"
