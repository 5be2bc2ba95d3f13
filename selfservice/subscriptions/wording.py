"""The sentences that say what happens to a subscription, and what happened."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from selfservice.catalog.models import Frequency, Plan
from selfservice.core import clock
from selfservice.core.numbers import Grouped
from selfservice.core.templatetags.ui import format_day
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.buying import lapses_at
from selfservice.subscriptions.services.changing import Outcome
from selfservice.subscriptions.services.ending import CancelPreview


def frequency_words(plan: Plan) -> str:
    """What an amount is for."""
    return _("per year") if plan.frequency == Frequency.YEARLY else _("per month")


def plan_words(term: str, frequency: str) -> str:
    """A plan, as it stands in many rows."""
    return _plan(term, frequency, get_language())


@lru_cache
def _plan(term: str, frequency: str, _language: str | None) -> str:
    return str(Plan(term=term, frequency=frequency))


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
    if state == lifecycle.TRIAL:
        return subscription.term_end, _trial_ends(subscription)
    if not subscription.recurring_billing:
        return subscription.term_end, _("Expires")
    if subscription.term_end is not None and subscription.term_end <= clock.now():
        return subscription.term_end, _("Renewal in progress")
    count = subscription.scheduled_quantity or subscription.quantity
    return subscription.term_end, ngettext(
        "Renews with %(count)s license", "Renews with %(count)s licenses", count
    ) % {"count": Grouped(count)}


def _trial_ends(subscription: Subscription) -> str:
    if not subscription.recurring_billing:
        return _("Trial ends")
    return ngettext(
        "Trial ends, then %(count)s license",
        "Trial ends, then %(count)s licenses",
        subscription.paid_quantity,
    ) % {"count": Grouped(subscription.paid_quantity)}


def checking_sentence() -> str:
    """What is said while Stripe's answer is unknown."""
    return _(
        "We're checking with the payment provider. The page shows the result as soon"
        " as it is known."
    )


def cancel_sentence(preview: CancelPreview) -> list[str]:
    """What this cancel does, with its dates and amounts."""
    subscription = preview.subscription
    name = subscription.product.name
    if preview.at_once:
        gone = _(
            "%(product)s is disabled today: nobody can use it from now on. It is"
            " deleted for good on %(day)s."
        ) % {
            "product": name,
            "day": format_day(preview.until + lifecycle.DISABLED_LASTS),
        }
        return [gone, _refund_words(preview)]
    until = format_day(preview.until)
    if subscription.trial_end is not None and subscription.trial_end == preview.until:
        return [
            _("The trial ends on %(day)s, and nothing is charged.") % {"day": until}
        ]
    sentences = [
        _(
            "Recurring billing goes off. %(product)s can be used until %(day)s, and you"
            " can take this back until then."
        )
        % {"product": name, "day": until},
        _("Nothing is refunded, because the first 7 days of the term are over."),
    ]
    if subscription.plan.billing_months < subscription.plan.term_months:
        sentences.append(
            _("You keep being charged each month until %(day)s.") % {"day": until}
        )
    return sentences


def cancelled_sentence(preview: CancelPreview, outcome: Outcome) -> str:
    """What Save did."""
    if outcome == Outcome.CHECKING:
        return checking_sentence()
    if preview.at_once:
        return f"{_('The subscription is canceled.')} {_refund_words(preview)}"
    return _("The subscription is canceled. It can be used until %(day)s.") % {
        "day": format_day(preview.until)
    }


def recurring_sentence(subscription: Subscription, outcome: Outcome) -> str:
    """What Save did to recurring billing."""
    if outcome == Outcome.CHECKING:
        return checking_sentence()
    term_end = subscription.term_ends
    if subscription.recurring_billing:
        return _("Recurring billing is on. It renews on %(day)s.") % {
            "day": format_day(term_end)
        }
    return _("Recurring billing is off. It can be used until %(day)s.") % {
        "day": format_day(term_end)
    }


def _refund_words(preview: CancelPreview) -> str:
    if preview.refund is None:
        return _("Nothing was paid, so nothing goes back.")
    return _("%(amount)s goes back to %(card)s.") % {
        "amount": preview.refund,
        "card": preview.subscription.payment_method,
    }
