"""Trials: who may start one, and what can be done while it lasts.

A month with 25 licenses. The trial's own number stays as it is; what can be changed
is how many licenses are paid for afterwards, when that is, and with which card.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing import gateway
from billing.gateway.shapes import Quote
from billing.models import PaymentMethod, StripeOperation
from billing.services import customers, operations
from billing.services.payers import locked_card
from selfservice.core import clock
from selfservice.core.dates import add_months
from selfservice.core.numbers import Grouped
from selfservice.core.templatetags.ui import format_day
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.operations import CONVERT, COUNT, EXTEND
from selfservice.subscriptions.services.changing import (
    CannotChange,
    Outcome,
    PreviewStale,
    begin_change,
    fetch_invoice,
    operation_key,
    run_change,
    unseal,
)
from selfservice.subscriptions.services.log import log
from selfservice.subscriptions.services.paying_card import check_card
from selfservice.subscriptions.services.quantity_rules import why_no_more
from selfservice.subscriptions.services.quoting import Quoted
from selfservice.subscriptions.services.selling import why_not_sold
from selfservice.subscriptions.services.trial_count import begin_trial_count

SALT = "subscriptions.trial"
EXTENDED_WITHIN = dt.timedelta(days=15)


@dataclasses.dataclass(frozen=True, slots=True)
class Conversion(Quoted):
    """What starting the paid subscription today charges, sealed. Tax included."""

    subscription: Subscription
    quantity: int
    quote: Quote
    seal: str


def extended_end(subscription: Subscription) -> dt.datetime:
    """When the trial would end, extended by one month."""
    return add_months(subscription.term_starts, 2)


def why_not_extended(subscription: Subscription, now: dt.datetime) -> str:
    """Why the trial can't be extended at `now`; empty when it can."""
    if subscription.trial_extended_at is not None:
        return _("It was extended already; a trial can be extended once.")
    ends = subscription.trial_end
    if ends is None or ends - now > EXTENDED_WITHIN:
        first = ends - EXTENDED_WITHIN if ends else now
        return _("It can be extended from %(day)s, when 15 days are left.") % {
            "day": format_day(first)
        }
    return ""


def extend(*, subscription: Subscription) -> Outcome:
    """Let the trial last a month longer, once.

    Raises CannotChange, ChangeUnderWay, PreviewStale, GatewayRejected.
    """
    operation = begin_change(
        subscription,
        change_number=subscription.change_number,
        begin=_begin_extending,
    )
    outcome = run_change(operation, EXTEND)[0]
    subscription.refresh_from_db()
    return outcome


def set_quantity_after(*, subscription: Subscription, quantity: int) -> Outcome:
    """Pay for so many licenses once the trial is over; a second time is fine.

    Raises CannotChange, ChangeUnderWay, PreviewStale, GatewayRejected.
    """
    if quantity == subscription.quantity_after_trial:
        return Outcome.DONE
    operation = begin_change(
        subscription,
        change_number=subscription.change_number,
        begin=lambda locked: _begin_count(locked, quantity),
    )
    outcome = run_change(operation, COUNT)[0]
    subscription.refresh_from_db()
    return outcome


def preview_conversion(*, subscription: Subscription) -> Conversion:
    """What the first period would cost if it began now, sealed.

    Raises CannotChange, GatewayUnavailable, GatewayRejected.
    """
    _check_running(subscription)
    _check_buyer(subscription)
    quantity = subscription.paid_quantity
    customers.settle(subscription.profile)
    quote = gateway.quote_trial_end(
        subscription_id=subscription.stripe_subscription_id,
        item_id=subscription.stripe_item_id,
        quantity=quantity,
    )
    made = Conversion(subscription, quantity, quote, "")
    return dataclasses.replace(made, seal=signing.dumps(_facts(made), salt=SALT))


def convert(
    *, subscription: Subscription, seal: str, card: PaymentMethod
) -> tuple[Conversion, Outcome]:
    """Start the paid subscription today, for what was shown under `seal`, once.

    Raises CannotChange, ChangeUnderWay, PreviewStale, PaymentDeclined,
    GatewayRejected, and GatewayUnavailable when nothing was begun.
    """
    _check_running(subscription)
    check_card(card, subscription)
    shown = unseal(seal, SALT)
    if shown["change_number"] != subscription.change_number:
        raise PreviewStale
    preview = preview_conversion(subscription=subscription)
    if _facts(preview) != shown:
        raise PreviewStale
    operation = begin_change(
        subscription,
        change_number=shown["change_number"],
        begin=lambda locked: _begin_converting(locked, preview, card),
    )
    said = run_change(operation, CONVERT)
    outcome, answer = said
    if answer is not None:
        fetch_invoice(answer.found.latest_invoice_id)
    subscription.refresh_from_db()
    if outcome == Outcome.DONE and subscription.pending_until is not None:
        outcome = Outcome.WAITING
    return preview, outcome


def _check_running(subscription: Subscription) -> None:
    state = lifecycle.state_at(subscription, clock.now())
    if state != lifecycle.TRIAL or not subscription.is_trial:
        raise CannotChange(
            _("The trial is over. Buy the product to go on with it.")
            if subscription.is_trial
            else _("This is a paid subscription; its trial is over.")
        )
    if subscription.pending_until is not None:
        raise CannotChange(
            _("A payment waits for your bank. Confirm it first, or let it lapse.")
        )


def _check_buyer(subscription: Subscription) -> None:
    if not subscription.purchaser.can_buy:
        raise CannotChange(
            _(
                "You can't start a paid subscription, because you are a guest in your"
                " organization's directory now. The trial goes on as it is, and you can"
                " turn its recurring billing off. To go on with the product, ask a"
                " colleague to buy it."
            )
        )


def _begin_extending(locked: Subscription) -> StripeOperation:
    now = clock.now()
    _check_running(locked)
    reason = why_not_extended(locked, now)
    if reason:
        raise CannotChange(reason)
    until = extended_end(locked)
    locked.trial_extended_at = now
    log(locked, "trial_extended", by=locked.purchaser_id)
    return operations.begin(
        kind="subscription.trial_extend",
        key=operation_key(locked, "trial-extend"),
        organization_id=locked.organization_id,
        subject_id=locked.pk,
        arguments={"until": until.isoformat(), "goes_on": locked.recurring_billing},
    )


def _begin_count(locked: Subscription, quantity: int) -> StripeOperation:
    _check_running(locked)
    reason = why_not_sold(locked.product, quantity, clock.now())
    if quantity > locked.paid_quantity:
        reason = why_no_more(locked.purchaser) or reason
    if reason:
        raise CannotChange(reason)
    if quantity < locked.assigned:
        raise CannotChange(
            ngettext(
                "%(count)s person has a license. Take it back first, or pay for at"
                " least %(count)s.",
                "%(count)s people have a license. Take some back first, or pay for at"
                " least %(count)s.",
                locked.assigned,
            )
            % {"count": Grouped(locked.assigned)}
        )
    log(
        locked,
        "trial_quantity",
        by=locked.purchaser_id,
        before={"quantity": locked.quantity_after_trial},
        after={"quantity": quantity},
    )
    locked.quantity_after_trial = quantity
    return begin_trial_count(locked)


def _begin_converting(
    locked: Subscription, preview: Conversion, card: PaymentMethod
) -> StripeOperation:
    _check_running(locked)
    _check_buyer(locked)
    if locked.paid_quantity != preview.quantity:
        raise PreviewStale
    check_card(locked_card(card), locked)
    # Until it is paid for, nobody gets more licenses than will be.
    locked.scheduled_quantity = preview.quantity
    log(
        locked,
        "trial_converted",
        by=locked.purchaser_id,
        after={"quantity": preview.quantity},
    )
    return operations.begin(
        kind="subscription.trial_convert",
        key=operation_key(locked, "trial-convert"),
        organization_id=locked.organization_id,
        subject_id=locked.pk,
        arguments={
            "to": preview.quantity,
            "card": card.stripe_payment_method_id,
            "went_on": locked.recurring_billing,
        },
    )


def _facts(preview: Conversion) -> dict[str, Any]:
    subscription = preview.subscription
    return {
        "subscription": str(subscription.pk),
        "change_number": subscription.change_number,
        "quantity": preview.quantity,
        "total": preview.quote.total_minor,
    }
