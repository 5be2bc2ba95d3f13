"""What numbers of licenses a subscription may have, and how many can go back."""

from __future__ import annotations

import datetime as dt

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from selfservice.accounts.models import User
from selfservice.core.numbers import Grouped
from selfservice.core.templatetags.ui import format_day
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import (
    QuantityChange,
    QuantityReason,
    Subscription,
)
from selfservice.subscriptions.services.changing import (
    CannotChange,
    refuse_while_under_way,
)
from selfservice.subscriptions.services.counting import scheduled_change
from selfservice.subscriptions.services.selling import why_not_sold


def check_quantity(
    subscription: Subscription, quantity: int, *, later: bool, now: dt.datetime
) -> None:
    """Refuse a new total that can't be, with the reason.

    `later` means at the renewal. Raises CannotChange, ChangeUnderWay.
    """
    _check_state(subscription, now)
    refuse_while_under_way(subscription)
    if quantity < 1:
        raise CannotChange(
            _(
                "A subscription has at least one license. To have none, cancel the"
                " subscription."
            )
        )
    if quantity == subscription.quantity:
        raise CannotChange(
            ngettext(
                "You have %(count)s license already. Enter the number that you want.",
                "You have %(count)s licenses already. Enter the number that you want.",
                quantity,
            )
            % {"count": Grouped(quantity)}
        )
    if quantity > subscription.quantity:
        reason = why_no_more(subscription.purchaser)
        reason = reason or why_not_sold(subscription.product, quantity, now)
        if reason:
            raise CannotChange(reason)
    if not subscription.recurring_billing and (
        later or quantity < subscription.quantity
    ):
        raise _needs_recurring()
    _check_scheduled(subscription)


def why_no_more(purchaser: User) -> str:
    """The sentence that refuses any more licenses; empty for who may buy.

    Whatever makes it cheaper stays possible: fewer, canceling, recurring billing off.
    """
    if purchaser.can_buy:
        return ""
    return _(
        "You can't buy more licenses, because you are a guest in your organization's"
        " directory now. Fewer, canceling and turning recurring billing off stay"
        " possible. For more, ask a colleague to buy them."
    )


def check_schedulable(subscription: Subscription, now: dt.datetime) -> None:
    """Refuse a change at the renewal where there is none, or one waits already.

    Raises CannotChange, ChangeUnderWay.
    """
    _check_state(subscription, now)
    refuse_while_under_way(subscription)
    if not subscription.recurring_billing:
        raise _needs_recurring()
    _check_scheduled(subscription)


def _needs_recurring() -> CannotChange:
    return CannotChange(
        _(
            "This needs recurring billing. Turn it on first, or let the"
            " subscription end."
        )
    )


def refuse_below_assigned(subscription: Subscription, quantity: int) -> None:
    """Raises CannotChange while more people hold a license than there would be."""
    too_many = subscription.assigned - quantity
    if too_many > 0:
        raise CannotChange(
            ngettext(
                "%(assigned)s licenses are assigned. Choose who loses one, or unassign"
                " %(count)s license first.",
                "%(assigned)s licenses are assigned. Choose who loses one, or unassign"
                " %(count)s licenses first.",
                too_many,
            )
            % {"assigned": Grouped(subscription.assigned), "count": Grouped(too_many)}
        )


def removable_now(subscription: Subscription, now: dt.datetime) -> int:
    """How many licenses can go back for a refund at `now`; one always stays.

    All but one within 168 hours of the purchase or of the term's renewal; else what
    was added within them, less what went back since.
    """
    window = now - lifecycle.REFUND_WINDOW
    if subscription.term_start is not None and subscription.term_start > window:
        return subscription.quantity - 1
    moved = QuantityChange.objects.filter(
        organization_id=subscription.organization_id,
        subscription=subscription,
        reason__in=[QuantityReason.ADDED, QuantityReason.REMOVED],
        happened_at__gt=window,
    ).aggregate(sum=Sum("delta"))["sum"]
    return min(max(moved or 0, 0), subscription.quantity - 1)


def _check_state(subscription: Subscription, now: dt.datetime) -> None:
    state = lifecycle.state_at(subscription, now)
    if state == lifecycle.ACTIVE:
        return
    if state == lifecycle.TRIAL:
        raise CannotChange(
            _(
                "The number of licenses of a trial can't be changed. Start a paid"
                " subscription to have more."
            )
        )
    if state == lifecycle.PAST_DUE:
        raise CannotChange(
            _("A payment is past due. Pay it first; then licenses can be changed.")
        )
    raise CannotChange(
        _("The number of licenses can be changed only while a subscription is active.")
    )


def _check_scheduled(subscription: Subscription) -> None:
    if subscription.pending_quantity is not None:
        raise CannotChange(
            _(
                "More licenses wait until you have confirmed their payment. Confirm"
                " it, or wait until it lapses."
            )
        )
    change = scheduled_change(subscription)
    if change is not None and change.quantity == subscription.quantity:
        raise CannotChange(
            _(
                "Another billing frequency waits for the renewal. Undo that change"
                " first."
            )
        )
    if change is not None:
        raise CannotChange(
            ngettext(
                "From %(day)s there is only %(count)s license. Undo that change first.",
                "From %(day)s there are %(count)s licenses. Undo that change first.",
                change.quantity,
            )
            % {
                "day": format_day(change.takes_effect_at),
                "count": Grouped(change.quantity),
            }
        )
