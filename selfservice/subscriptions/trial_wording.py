"""The sentences about a trial: what comes after it, and what was just done."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import PaymentMethod
from selfservice.core.numbers import Grouped
from selfservice.core.templatetags.ui import format_day
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.services.changing import Outcome
from selfservice.subscriptions.services.trials import Conversion
from selfservice.subscriptions.wording import checking_sentence


def after_trial(subscription: Subscription) -> str:
    """What happens when the trial ends, without the day."""
    if not subscription.recurring_billing:
        return _("It ends by itself, and nothing is charged.")
    return ngettext(
        "Then %(count)s license for %(amount)s, excl. tax.",
        "Then %(count)s licenses for %(amount)s, excl. tax.",
        subscription.paid_quantity,
    ) % {
        "count": Grouped(subscription.paid_quantity),
        "amount": subscription.period_total,
    }


def extended_sentence(subscription: Subscription, outcome: Outcome) -> str:
    """What Extend trial did."""
    ends = subscription.trial_end
    if outcome == Outcome.CHECKING or ends is None:
        return checking_sentence()
    return _("The trial now ends on %(day)s.") % {"day": format_day(ends)}


def quantity_after_sentence(subscription: Subscription, outcome: Outcome) -> str:
    """What saving the number for afterwards did."""
    if outcome == Outcome.CHECKING:
        return checking_sentence()
    return f"{_('Saved.')} {after_trial(subscription)}"


def converted_sentence(
    preview: Conversion, card: PaymentMethod, outcome: Outcome
) -> str:
    """What Start a paid subscription now did."""
    if outcome == Outcome.CHECKING:
        return checking_sentence()
    if outcome == Outcome.WAITING:
        return _(
            "Your bank wants you to confirm the payment. The trial goes on until then."
        )
    return ngettext(
        "The paid subscription has started with %(count)s license. %(amount)s charged"
        " to %(card)s.",
        "The paid subscription has started with %(count)s licenses. %(amount)s charged"
        " to %(card)s.",
        preview.quantity,
    ) % {"count": Grouped(preview.quantity), "amount": preview.total, "card": card}
