"""Changing the number of licenses: what it costs, and doing exactly that.

The number is always the new total. More is charged now, or comes at the renewal;
fewer goes back to the card inside the window, else it waits for the renewal.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Callable
from typing import Any

from django.core import signing

from billing import gateway
from billing.gateway.shapes import Quote
from billing.models import StripeOperation
from billing.services import customers, operations
from billing.services.refunds import Share, plan_refund
from selfservice.core import clock
from selfservice.core.money import Money
from selfservice.subscriptions.lifecycle import REFUND_WINDOW
from selfservice.subscriptions.models import (
    QuantityReason,
    ScheduledChange,
    Subscription,
)
from selfservice.subscriptions.operations import FEWER, MORE, SCHEDULE
from selfservice.subscriptions.operations.common import Answer
from selfservice.subscriptions.services.changing import (
    Outcome,
    PreviewStale,
    begin_change,
    fetch_invoice,
    operation_key,
    run_change,
    unseal,
    up_to_date,
)
from selfservice.subscriptions.services.counting import change_quantity
from selfservice.subscriptions.services.log import log
from selfservice.subscriptions.services.quantity_rules import (
    check_quantity,
    refuse_below_assigned,
    removable_now,
)

SALT = "subscriptions.quantity"
type Prepare = Callable[[], None]


class When(enum.StrEnum):
    """When a change takes effect."""

    NOW = "now"
    RENEWAL = "renewal"


@dataclasses.dataclass(frozen=True, slots=True)
class Preview:
    """A change from `before` to `quantity` licenses, as it is shown.

    `quote` is null for a change at the renewal. `at` is the instant up to which the
    old number counts; `refund` what goes back to the card, in `shares`. `seal` binds
    all of it: what is saved is what was shown.
    """

    subscription: Subscription
    before: int
    quantity: int
    when: When
    at: dt.datetime
    quote: Quote | None
    shares: tuple[Share, ...]
    seal: str

    @property
    def delta(self) -> int:
        return self.quantity - self.before

    @property
    def subtotal(self) -> Money | None:
        """The prorated price without tax, negative when it goes back."""
        quote = self.quote
        return Money(quote.subtotal_minor, quote.currency) if quote else None

    @property
    def tax(self) -> Money | None:
        quote = self.quote
        return Money(quote.tax_minor, quote.currency) if quote else None

    @property
    def charge(self) -> Money | None:
        """What is charged now, tax included; null when nothing is."""
        if self.quote is None or self.quote.total_minor <= 0:
            return None
        return Money(self.quote.total_minor, self.quote.currency)

    @property
    def refund(self) -> Money | None:
        """What goes back to the card, tax included; null when nothing does."""
        amount = sum(share.amount_minor for share in self.shares)
        return Money(amount, self.subscription.price.currency) if amount else None


def preview_quantity(
    *, subscription: Subscription, quantity: int, at_renewal: bool = False
) -> Preview:
    """What the new total would do and cost, sealed.

    Raises CannotChange, ChangeUnderWay, GatewayUnavailable, GatewayRejected.
    """
    up_to_date(subscription)
    now = clock.now().replace(microsecond=0)
    when = _when(subscription, quantity, at_renewal=at_renewal, now=now)
    check_quantity(subscription, quantity, later=when == When.RENEWAL, now=now)
    at = now if when == When.NOW else subscription.term_ends
    return _preview(subscription, quantity, when, at)


def save_quantity(
    *,
    subscription: Subscription,
    quantity: int,
    seal: str,
    prepare: Prepare | None = None,
    at_renewal: bool | None = None,
) -> tuple[Preview, Outcome]:
    """Do what was shown under `seal` for the new total `quantity`, once.

    `at_renewal` is what was chosen for more licenses, null for what was shown.
    `prepare` runs first, in the same transaction: it takes licenses from people, so
    that fewer are left than there were assigned. Raises
    CannotChange, ChangeUnderWay, PreviewStale, PaymentDeclined, GatewayRejected, and
    GatewayUnavailable when nothing was begun.
    """
    shown = _unseal(seal, subscription)
    number = subscription.change_number
    if (shown["quantity"], shown["change_number"]) != (quantity, number):
        raise PreviewStale
    more = quantity > subscription.quantity
    if more and at_renewal not in {None, shown["when"] == When.RENEWAL}:
        # Saved before the amount of the other choice was there.
        raise PreviewStale
    preview = _as_shown(subscription, shown)
    operation = begin_change(
        subscription,
        change_number=number,
        begin=lambda locked: _begin(locked, preview),
        prepare=prepare,
    )
    outcome, answer = run_change(operation, _kind(preview))
    if preview.charge is not None and isinstance(answer, Answer):
        fetch_invoice(answer.found.latest_invoice_id)
    subscription.refresh_from_db()
    if outcome == Outcome.DONE and subscription.pending_quantity is not None:
        outcome = Outcome.WAITING
    return preview, outcome


def _as_shown(subscription: Subscription, shown: dict[str, Any]) -> Preview:
    """The same preview, asked for once more. Raises PreviewStale for another."""
    at = dt.datetime.fromisoformat(shown["at"])
    try:
        preview = _preview(subscription, shown["quantity"], When(shown["when"]), at)
    except gateway.GatewayRejected as error:
        # Ended, or renewed, since the pane was opened.
        raise PreviewStale from error
    if _facts(preview) != shown:
        raise PreviewStale
    return preview


def _when(
    subscription: Subscription, quantity: int, *, at_renewal: bool, now: dt.datetime
) -> When:
    if quantity >= subscription.quantity:
        return When.RENEWAL if at_renewal else When.NOW
    removed = subscription.quantity - quantity
    return When.NOW if removed <= removable_now(subscription, now) else When.RENEWAL


def _preview(
    subscription: Subscription, quantity: int, when: When, at: dt.datetime
) -> Preview:
    quote: Quote | None = None
    shares: list[Share] = []
    if when == When.NOW:
        customers.settle(subscription.profile)
        quote = gateway.quote_quantity(
            subscription_id=subscription.stripe_subscription_id,
            item_id=subscription.stripe_item_id,
            quantity=quantity,
            at=at,
        )
        if quote.total_minor < 0:
            shares = plan_refund(
                subscription_id=subscription.stripe_subscription_id,
                since=at - REFUND_WINDOW,
                amount_minor=-quote.total_minor,
            )
    before = subscription.quantity
    made = Preview(subscription, before, quantity, when, at, quote, tuple(shares), "")
    return dataclasses.replace(made, seal=signing.dumps(_facts(made), salt=SALT))


def _facts(preview: Preview) -> dict[str, Any]:
    """Everything that must still be so when it is saved."""
    subscription = preview.subscription
    return {
        "subscription": str(subscription.pk),
        "change_number": subscription.change_number,
        "price": str(subscription.price_id),
        "from": preview.before,
        "quantity": preview.quantity,
        "when": str(preview.when),
        "at": preview.at.isoformat(),
        "total": preview.quote.total_minor if preview.quote else None,
        "shares": [[share.invoice_id, share.amount_minor] for share in preview.shares],
    }


def _unseal(seal: str, subscription: Subscription) -> dict[str, Any]:
    shown = unseal(seal, SALT)
    if shown["subscription"] != str(subscription.pk):
        raise PreviewStale
    return shown


def _begin(locked: Subscription, preview: Preview) -> StripeOperation:
    later = preview.when == When.RENEWAL
    check_quantity(locked, preview.quantity, later=later, now=clock.now())
    refuse_below_assigned(locked, preview.quantity)
    before = locked.quantity
    if later:
        _begin_schedule(locked, preview)
    elif preview.quantity < before:
        change_quantity(locked, preview.quantity, QuantityReason.REMOVED, clock.now())
    return operations.begin(
        kind=_kind_name(preview),
        key=operation_key(locked, "quantity"),
        organization_id=locked.organization_id,
        subject_id=locked.pk,
        arguments={
            "from": before,
            "to": preview.quantity,
            "at": preview.at.isoformat(),
            "refunds": [
                [share.invoice_id, share.amount_minor] for share in preview.shares
            ],
        },
    )


def _begin_schedule(locked: Subscription, preview: Preview) -> None:
    """From now on no more can be assigned than will be left."""
    ScheduledChange.objects.create(
        organization_id=locked.organization_id,
        subscription=locked,
        quantity=preview.quantity,
        price=locked.price,
        takes_effect_at=preview.at,
    )
    locked.scheduled_quantity = preview.quantity
    log(
        locked,
        "change_scheduled",
        by=locked.purchaser_id,
        before={"quantity": preview.before},
        after={"quantity": preview.quantity},
    )


def _kind(preview: Preview) -> operations.Kind[Any]:
    if preview.when == When.RENEWAL:
        return SCHEDULE
    return MORE if preview.delta > 0 else FEWER


def _kind_name(preview: Preview) -> str:
    if preview.when == When.RENEWAL:
        return "subscription.schedule"
    return "subscription.more" if preview.delta > 0 else "subscription.fewer"
