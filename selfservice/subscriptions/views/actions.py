"""What can be done with a subscription, and why some of it can't be done now."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.urls import reverse
from django.utils.translation import gettext as _

from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.reactivating import REACTIVABLE


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """An entry of a menu. `reason` says why it doesn't apply; then `url` is no use."""

    label: str
    url: str
    icon: str
    reason: str = ""
    pane: bool = True


def actions_of(
    subscription: Subscription, state: str, now: dt.datetime
) -> list[Action]:
    """The entries of the row's menu, in the order in which they are needed."""
    quantity_url = reverse("licensing:quantity", args=[subscription.pk])
    assign_url = reverse("licensing:assign", args=[subscription.product_id])
    recurring_url = reverse("subscriptions:recurring_billing", args=[subscription.pk])
    cancel_url = reverse("subscriptions:cancel", args=[subscription.pk])
    card_url = reverse("subscriptions:payment_method", args=[subscription.pk])
    inactive = _inactive(state)
    no_count = inactive or _no_count(state)
    no_more = no_count or _no_more(subscription, now)
    no_fewer = no_count or _no_fewer(subscription)
    usable = state in lifecycle.ASSIGNABLE
    return [
        *_reactivate(subscription, state, now),
        Action(_("Buy licenses"), quantity_url, "add", no_more),
        Action(
            _("Remove licenses"), f"{quantity_url}?mode=remove", "subtract", no_fewer
        ),
        Action(
            _("Assign licenses"), assign_url, "person-add", "" if usable else inactive
        ),
        *_trial(subscription, state),
        Action(_("Edit recurring billing"), recurring_url, "arrow-sync", inactive),
        Action(
            _("Replace payment method"),
            card_url,
            "payment",
            inactive or _waits(subscription),
        ),
        Action(
            _("Cancel subscription"),
            cancel_url,
            "dismiss",
            inactive or _cancelled(subscription),
        ),
    ]


def _trial(subscription: Subscription, state: str) -> list[Action]:
    if state != lifecycle.TRIAL or not subscription.is_trial:
        return []
    url = reverse("subscriptions:trial", args=[subscription.pk])
    return [Action(_("Manage trial"), url, "clock")]


def _reactivate(
    subscription: Subscription, state: str, now: dt.datetime
) -> list[Action]:
    if state not in REACTIVABLE:
        return []
    url = reverse("licensing:reactivate", args=[subscription.pk])
    label = _("Reactivate this subscription")
    reason = _("A trial is bought instead") if subscription.is_trial else ""
    return [Action(label, url, "arrow-sync", reason or _no_more(subscription, now))]


def _inactive(state: str) -> str:
    if state in lifecycle.ASSIGNABLE:
        return ""
    if state == lifecycle.PENDING:
        return _("The payment is pending")
    return _("Only for active subscriptions")


def _waits(subscription: Subscription) -> str:
    waits = subscription.pending_until is not None
    return _("A payment waits for your bank") if waits else ""


def _no_count(state: str) -> str:
    if state == lifecycle.TRIAL:
        return _("Not during a trial")
    return _("Pay the past due invoice first") if state == lifecycle.PAST_DUE else ""


def _no_more(subscription: Subscription, now: dt.datetime) -> str:
    if not subscription.product.sold_at(now):
        return _("No longer sold")
    return ""


def _no_fewer(subscription: Subscription) -> str:
    if not subscription.recurring_billing:
        return _("Turn recurring billing on first")
    if subscription.quantity == 1:
        return _("There is only one; cancel instead")
    return ""


def _cancelled(subscription: Subscription) -> str:
    gone = subscription.cancelled_at is not None and not subscription.recurring_billing
    return _("Canceled already") if gone else ""
