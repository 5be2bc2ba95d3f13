"""The sentences about the card that pays: what it pays next, and what was replaced."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from billing.models import PaymentMethod
from selfservice.core.money import Money
from selfservice.core.templatetags.ui import format_day
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import ScheduledChange, Subscription
from selfservice.subscriptions.services.changing import Outcome
from selfservice.subscriptions.wording import checking_sentence


def next_charge_sentence(
    subscription: Subscription, scheduled: ScheduledChange | None, now: dt.datetime
) -> str:
    """What is charged next to the card that is chosen, and when; or that nothing is."""
    charged_at = subscription.period_end or subscription.term_end
    if charged_at is None or subscription.term_end is None:
        raise ValueError("A confirmed subscription has a term.")
    day, end = format_day(charged_at), format_day(subscription.term_end)
    trial = lifecycle.state_at(subscription, now) == lifecycle.TRIAL
    if not subscription.recurring_billing:
        if trial:
            return _(
                "The trial ends on %(day)s, and nothing is charged. A card that you"
                " choose here is only kept for it."
            ) % {"day": end}
        if charged_at >= subscription.term_end:
            return _(
                "Recurring billing is off: it ends on %(day)s, and nothing more is"
                " charged unless you turn it on."
            ) % {"day": end}
    if charged_at <= now:
        return _(
            "The charge of %(day)s is under way and may still go to the old card; the"
            " ones after it go to the card that you choose."
        ) % {"day": day}
    amount = _amount(subscription, scheduled, charged_at)
    if trial:
        return _(
            "When the trial ends on %(day)s, the first charge, %(amount)s excl. tax,"
            " goes to the card that you choose."
        ) % {"day": day, "amount": amount}
    return _(
        "The next charge, %(amount)s excl. tax on %(day)s, goes to the card that you"
        " choose."
    ) % {"day": day, "amount": amount}


def _amount(
    subscription: Subscription, scheduled: ScheduledChange | None, at: dt.datetime
) -> Money:
    """What is charged at that instant, exclusive of tax."""
    if scheduled is not None and scheduled.takes_effect_at <= at:
        return scheduled.price.money * scheduled.quantity
    return subscription.period_total


def pays_already_sentence(card: PaymentMethod) -> str:
    """Why nothing was done."""
    return _("%(card)s pays for this subscription already. Nothing was changed.") % {
        "card": card
    }


def replaced_sentence(
    subscription: Subscription, card: PaymentMethod, outcome: Outcome
) -> str:
    """What Save did."""
    if outcome == Outcome.CHECKING:
        return checking_sentence()
    if subscription.past_due_since is not None:
        return _(
            "%(card)s pays from now on. The past due invoice is still open: pay it now."
        ) % {"card": card}
    if subscription.is_trial and not subscription.recurring_billing:
        return _(
            "%(card)s is kept for this trial, which still ends by itself without a"
            " charge."
        ) % {"card": card}
    return _("%(card)s pays from now on.") % {"card": card}
