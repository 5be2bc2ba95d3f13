"""Cancelling, and recurring billing on or off."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _

from billing import gateway
from billing.models import StripeOperation
from billing.services import customers, operations
from billing.services.refunds import Share, plan_refund
from selfservice.core import clock
from selfservice.core.money import Money
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import CancelReason, Subscription
from selfservice.subscriptions.operations import END_NOW, RECURRING
from selfservice.subscriptions.services.changing import (
    CannotChange,
    Outcome,
    PreviewStale,
    begin_change,
    operation_key,
    run_change,
    unseal,
    up_to_date,
)
from selfservice.subscriptions.services.counting import drop_scheduled_change
from selfservice.subscriptions.services.log import log
from selfservice.subscriptions.services.recurring import begin_ending, begin_recurring

SALT = "subscriptions.cancel"
# In the words that Stripe has for it.
FEEDBACK: dict[str, gateway.Feedback] = {
    CancelReason.NOT_NEEDED: "unused",
    CancelReason.EXPENSIVE: "too_expensive",
    CancelReason.FEATURES: "missing_features",
    CancelReason.HARD: "too_complex",
    CancelReason.TECHNICAL: "low_quality",
    CancelReason.MISTAKE: "other",
    CancelReason.SWITCHING: "switched_service",
    CancelReason.CENTRAL: "other",
    CancelReason.OTHER: "other",
}
CANCELLABLE = frozenset({lifecycle.ACTIVE, lifecycle.TRIAL, lifecycle.PAST_DUE})


@dataclasses.dataclass(frozen=True, slots=True)
class CancelPreview:
    """What cancelling does, as it is shown.

    `at_once`: it is disabled today and `shares` go back to the card; else it can be
    used until `until`. `seal` binds it to what was shown.
    """

    subscription: Subscription
    at_once: bool
    until: dt.datetime
    shares: tuple[Share, ...]
    seal: str

    @property
    def refund(self) -> Money | None:
        """What goes back to the card, tax included; null when nothing does."""
        amount = sum(share.amount_minor for share in self.shares)
        return Money(amount, self.subscription.price.currency) if amount else None


def preview_cancel(*, subscription: Subscription) -> CancelPreview:
    """What cancelling would do now, sealed.

    Raises CannotChange, GatewayUnavailable, GatewayRejected.
    """
    up_to_date(subscription)
    now = clock.now().replace(microsecond=0)
    _check_cancel(subscription, now)
    return _preview(subscription, now)


def cancel(
    *, subscription: Subscription, seal: str, reason: str, feedback: str
) -> tuple[CancelPreview, Outcome]:
    """Cancel it as it was shown under `seal`, once.

    Raises CannotChange, ChangeUnderWay, PreviewStale, GatewayRejected, and
    GatewayUnavailable when nothing was begun.
    """
    shown = unseal(seal, SALT)
    if shown["change_number"] != subscription.change_number:
        raise PreviewStale
    try:
        preview = _preview(subscription, dt.datetime.fromisoformat(shown["at"]))
    except gateway.GatewayRejected as error:
        # Ended, or renewed, since the pane was opened.
        raise PreviewStale from error
    if _facts(preview, shown["at"]) != shown:
        raise PreviewStale
    operation = begin_change(
        subscription,
        change_number=shown["change_number"],
        begin=lambda locked: _begin_cancel(locked, preview, reason, feedback),
        spends=False,
    )
    outcome = run_change(operation, END_NOW if preview.at_once else RECURRING)[0]
    subscription.refresh_from_db()
    return preview, outcome


def set_recurring(*, subscription: Subscription, on: bool) -> Outcome:
    """Let it renew from term to term, or end with this one; a second time is fine.

    Off lets go of what was scheduled for the renewal. Raises CannotChange,
    ChangeUnderWay, PreviewStale, GatewayUnavailable (the worker goes on),
    GatewayRejected.
    """
    up_to_date(subscription)
    if subscription.recurring_billing == on:
        return Outcome.DONE
    operation = begin_change(
        subscription,
        change_number=subscription.change_number,
        begin=lambda locked: _begin_recurring(locked, on=on),
        spends=on,
    )
    outcome = run_change(operation, RECURRING)[0]
    subscription.refresh_from_db()
    return outcome


def inside_window(subscription: Subscription, now: dt.datetime) -> bool:
    """Whether cancelling at `now` gives money back: 168 hours from the term's start."""
    start = subscription.term_start
    if start is None or lifecycle.state_at(subscription, now) == lifecycle.TRIAL:
        return False
    return now < start + lifecycle.REFUND_WINDOW


def _preview(subscription: Subscription, now: dt.datetime) -> CancelPreview:
    at_once = inside_window(subscription, now)
    shares: list[Share] = []
    if at_once:
        customers.settle(subscription.profile)
        quote = gateway.quote_cancel(
            subscription_id=subscription.stripe_subscription_id, at=now
        )
        shares = plan_refund(
            subscription_id=subscription.stripe_subscription_id,
            since=now - lifecycle.REFUND_WINDOW,
            amount_minor=max(-quote.total_minor, 0),
        )
    until = now if at_once else subscription.term_ends
    made = CancelPreview(subscription, at_once, until, tuple(shares), "")
    facts = _facts(made, now.isoformat())
    return dataclasses.replace(made, seal=signing.dumps(facts, salt=SALT))


def _facts(preview: CancelPreview, at: str) -> dict[str, Any]:
    subscription = preview.subscription
    return {
        "subscription": str(subscription.pk),
        "change_number": subscription.change_number,
        "at": at,
        "at_once": preview.at_once,
        "shares": [[share.invoice_id, share.amount_minor] for share in preview.shares],
    }


def _begin_cancel(
    locked: Subscription, preview: CancelPreview, reason: str, feedback: str
) -> StripeOperation:
    _check_cancel(locked, clock.now())
    locked.cancelled_at = clock.now()
    locked.cancel_reason = reason
    locked.cancel_feedback = feedback
    if preview.at_once:
        # From this moment nobody uses it; only then Stripe is told.
        locked.disabled_at = preview.until
    log(
        locked,
        "cancelled",
        by=locked.purchaser_id,
        after={"at_once": preview.at_once, "reason": reason},
    )
    if preview.at_once:
        return _begin_end(locked, preview, FEEDBACK[reason], feedback)
    return begin_ending(locked, FEEDBACK[reason], feedback)


def _begin_end(
    locked: Subscription,
    preview: CancelPreview,
    feedback: gateway.Feedback,
    comment: str,
) -> StripeOperation:
    drop_scheduled_change(locked)
    return operations.begin(
        kind="subscription.end",
        key=operation_key(locked, "end"),
        organization_id=locked.organization_id,
        subject_id=locked.pk,
        arguments={
            "feedback": feedback,
            "comment": comment,
            "refunds": [
                [share.invoice_id, share.amount_minor] for share in preview.shares
            ],
        },
    )


def _begin_recurring(locked: Subscription, *, on: bool) -> StripeOperation:
    if lifecycle.state_at(locked, clock.now()) not in CANCELLABLE:
        raise CannotChange(
            _("Recurring billing can be changed only while a subscription is active.")
        )
    if not on:
        log(locked, "recurring_off", by=locked.purchaser_id)
        return begin_ending(locked, None, "")
    if locked.payment_method_id is None:
        raise CannotChange(
            _(
                "This trial has no card, so it ends by itself. To keep it, start a paid"
                " subscription."
            )
        )
    log(locked, "recurring_on", by=locked.purchaser_id)
    locked.cancelled_at = None
    locked.cancel_reason = locked.cancel_feedback = ""
    return begin_recurring(locked, at="", feedback=None, comment="")


def _check_cancel(subscription: Subscription, now: dt.datetime) -> None:
    if lifecycle.state_at(subscription, now) not in CANCELLABLE:
        raise CannotChange(_("Only an active subscription can be canceled."))
    if subscription.cancelled_at is not None and not subscription.recurring_billing:
        raise CannotChange(
            _(
                "This subscription is canceled already. To keep it, turn recurring"
                " billing on."
            )
        )
