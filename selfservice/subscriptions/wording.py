"""The sentences that say what happens to a subscription, and what happened."""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.catalog.models import Frequency, Plan
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.buying import lapses_at


def frequency_words(plan: Plan) -> str:
    """What an amount is for."""
    return _("per year") if plan.frequency == Frequency.YEARLY else _("per month")


def next_sentence(
    subscription: Subscription, state: str
) -> tuple[dt.datetime | None, str]:
    """The next date of a subscription and what happens on it."""
    if state == lifecycle.PENDING:
        return lapses_at(subscription), _("Lapses unless the payment is confirmed")
    if state in {lifecycle.EXPIRED, lifecycle.PAST_DUE}:
        return lifecycle.disabled_from(subscription), _("Access ends")
    if state in {lifecycle.DISABLED, lifecycle.DELETED}:
        deleted_at = lifecycle.disabled_from(subscription) + lifecycle.DISABLED_LASTS
        return deleted_at, _("Deleted for good")
    if not subscription.recurring_billing:
        return subscription.term_end, _("Expires")
    count = subscription.scheduled_quantity or subscription.quantity
    return subscription.term_end, ngettext(
        "Renews with %(count)d license", "Renews with %(count)d licenses", count
    ) % {"count": count}


def activity_sentence(
    entry: Activity, reader: User, names: dict[uuid.UUID, str]
) -> tuple[str, str]:
    """Who, as the reader calls them, and what they did."""
    who = ""
    if entry.actor_id:
        mine = entry.actor_id == reader.pk
        who = _("You") if mine else names.get(entry.actor_id, "")
    return who or _("The portal"), _verb(entry)


def _verb(entry: Activity) -> str:
    count = _count(entry)
    sentences = {
        "bought": ngettext(
            "bought %(count)d license", "bought %(count)d licenses", count
        ),
        "licenses_assigned": ngettext(
            "assigned %(count)d license", "assigned %(count)d licenses", count
        ),
        "licenses_unassigned": ngettext(
            "unassigned %(count)d license", "unassigned %(count)d licenses", count
        ),
        "order_declined": _("the bank declined the payment"),
        "order_dropped": _("the order was dropped, nothing was charged"),
    }
    return sentences.get(entry.verb, entry.verb.replace("_", " ")) % {"count": count}


def _count(entry: Activity) -> int:
    for fact in ("quantity", "count"):
        value = entry.after.get(fact)
        if isinstance(value, int):
            return value
    return 1
