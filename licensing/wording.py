"""A change of the number of licenses, in words."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import PaymentMethod
from licensing.queries import Holding
from licensing.services.refusals import going_away
from selfservice.core.numbers import Grouped
from selfservice.core.templatetags.ui import format_day
from selfservice.subscriptions.services.changing import Outcome
from selfservice.subscriptions.services.quantity import Preview, When
from selfservice.subscriptions.services.reactivating import Reactivation
from selfservice.subscriptions.wording import checking_sentence

DAY = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Explained:
    """`what` happens and when, `how` the amount comes about, and `later`."""

    what: str
    how: str
    later: str


def none_sentence(holding: Holding) -> str:
    """Why no license can be assigned, of a product whose subscriptions are active."""
    if holding.held_back:
        return _("No license is available.") + " " + going_away(holding.held_back)
    if holding.assigned < holding.quantity:
        return _(
            "No license is available: the others are of a subscription that isn't"
            " active."
        )
    return ngettext(
        "Your %(n)s license is assigned.",
        "All %(n)s licenses are assigned.",
        holding.quantity,
    ) % {"n": Grouped(holding.quantity)}


def explain(preview: Preview) -> Explained:
    """What a previewed change does, with its days, prices and dates."""
    if preview.when == When.RENEWAL:
        return Explained(_at_renewal(preview), "", _later(preview))
    what = _added(preview) if preview.delta > 0 else _removed(preview)
    return Explained(what, _how(preview), _later(preview))


def saved_sentence(preview: Preview, outcome: Outcome) -> str:
    """What Save did, with the amount and the card."""
    if outcome == Outcome.CHECKING:
        return checking_sentence()
    if outcome == Outcome.WAITING:
        return _(
            "The bank wants you to confirm the payment. Until then nothing changes."
        )
    if preview.when == When.RENEWAL:
        return _at_renewal(preview)
    card = str(preview.subscription.payment_method)
    if preview.delta > 0:
        return " ".join(filter(None, [_count_added(preview), _charged(preview, card)]))
    return " ".join(filter(None, [_count_removed(preview), _returned(preview, card)]))


def _added(preview: Preview) -> str:
    return ngettext(
        "%(count)s more license from today, as soon as it is paid.",
        "%(count)s more licenses from today, as soon as they are paid.",
        preview.delta,
    ) % {"count": Grouped(preview.delta)}


def _removed(preview: Preview) -> str:
    return ngettext(
        "%(count)s license fewer from today.",
        "%(count)s licenses fewer from today.",
        -preview.delta,
    ) % {"count": Grouped(-preview.delta)}


def _at_renewal(preview: Preview) -> str:
    return ngettext(
        "From %(day)s you have %(count)s license. Until then nothing changes.",
        "From %(day)s you have %(count)s licenses. Until then nothing changes.",
        preview.quantity,
    ) % {"day": format_day(preview.at), "count": Grouped(preview.quantity)}


def _how(preview: Preview) -> str:
    """The calculation: how many, for how long, at which price."""
    subscription = preview.subscription
    start, end = subscription.period_start, subscription.period_end
    if start is None or end is None:
        return ""
    days = math.ceil((end - preview.at) / DAY)
    count = abs(preview.delta)
    return ngettext(
        "%(count)s license at %(price)s, for %(days)s of %(all)s days up to %(end)s",
        "%(count)s licenses at %(price)s each, for %(days)s of %(all)s days up to"
        " %(end)s",
        count,
    ) % {
        "count": Grouped(count),
        "price": subscription.price.money,
        "days": Grouped(days),
        "all": Grouped(round((end - start) / DAY)),
        "end": format_day(end),
    }


def _later(preview: Preview) -> str:
    """What is charged from the next period on."""
    subscription = preview.subscription
    at = preview.at if preview.when == When.RENEWAL else subscription.period_end
    if at is None or not subscription.recurring_billing:
        return ""
    total = subscription.price.money * preview.quantity
    return _("From %(day)s: %(count)s × %(price)s = %(total)s, excl. tax") % {
        "day": format_day(at),
        "count": Grouped(preview.quantity),
        "price": subscription.price.money,
        "total": total,
    }


def _count_added(preview: Preview) -> str:
    return ngettext(
        "%(count)s license added.", "%(count)s licenses added.", preview.delta
    ) % {"count": Grouped(preview.delta)}


def _count_removed(preview: Preview) -> str:
    return ngettext(
        "%(count)s license removed.", "%(count)s licenses removed.", -preview.delta
    ) % {"count": Grouped(-preview.delta)}


def _charged(preview: Preview, card: str) -> str:
    if preview.charge is None:
        return ""
    return _("%(amount)s charged to %(card)s.") % {
        "amount": preview.charge,
        "card": card,
    }


def _returned(preview: Preview, card: str) -> str:
    if preview.refund is None:
        return ""
    return _("%(amount)s goes back to %(card)s.") % {
        "amount": preview.refund,
        "card": card,
    }


def reactivated_sentence(
    preview: Reactivation, card: PaymentMethod, outcome: Outcome, others: list[str]
) -> str:
    """What Reactivate did; `others` keep the license that they have from elsewhere."""
    if outcome == Outcome.CHECKING:
        return checking_sentence()
    if outcome == Outcome.WAITING:
        return _(
            "Your bank wants you to confirm the payment. Until then nothing changes."
        )
    said = _("The subscription is active again. %(amount)s charged to %(card)s.") % {
        "amount": preview.total,
        "card": card,
    }
    if others:
        said += " " + _("No license came back for those who have another: %(names)s.")
        said %= {"names": ", ".join(others)}
    return said
