"""What needs the purchaser: worst first, each with one thing to do.

Pure functions over rows that were read already.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import Invoice, PaymentMethod
from billing.views.returning import with_back
from selfservice.core.money import Money, sums
from selfservice.core.numbers import Grouped
from selfservice.core.templatetags.ui import format_day, format_moment
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.charges import Charge
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services.buying import lapses_at

SOON = dt.timedelta(days=30)
BAD, WARN, CALM = "bad", "warn", "dim"


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """One line of the list. `level` is bad, warn or dim; bad and warn need somebody.

    `at` is when it happened or will, and what comes first of the same level.
    """

    level: str
    icon: str
    title: str
    text: str
    url: str
    action: str
    at: dt.datetime
    pane: bool = False

    @property
    def urgent(self) -> bool:
        return self.level != CALM


def attention(
    subscriptions: Iterable[Subscription],
    past_due: Iterable[Invoice],
    charges: Iterable[Charge],
    now: dt.datetime,
) -> list[Item]:
    """Everything that should be looked at, the worst first."""
    invoices = list(past_due)
    told = {invoice.subscription_id for invoice in invoices}
    items = [_unpaid(invoice) for invoice in invoices]
    for subscription in subscriptions:
        state = lifecycle.state_at(subscription, now)
        if state != lifecycle.PAST_DUE or subscription.pk not in told:
            items += _about(subscription, state, now)
    items += _cards(charges, now)
    order = [BAD, WARN, CALM]
    return sorted(items, key=lambda item: (order.index(item.level), item.at))


def _unpaid(invoice: Invoice) -> Item:
    return Item(
        level=BAD,
        icon="error-circle",
        title=_("%(name)s: payment of %(amount)s failed")
        % {"name": invoice.title, "amount": invoice.amount_due},
        text=_("Invoice %(number)s of %(day)s. People keep their licenses for now.")
        % {"number": invoice.number, "day": format_day(invoice.finalized_at)},
        url=reverse("billing:invoice_pay", args=[invoice.pk]),
        action=_("Pay now"),
        at=invoice.finalized_at,
        pane=True,
    )


def _about(subscription: Subscription, state: str, now: dt.datetime) -> Iterator[Item]:
    if subscription.order_state == OrderState.PENDING:
        yield _pending(subscription)
    elif state == lifecycle.PAST_DUE:
        yield _past_due(subscription)
    elif state == lifecycle.EXPIRED:
        yield _expired(subscription)
    elif state == lifecycle.DISABLED:
        yield from _not_paid(subscription, now)
    elif state == lifecycle.TRIAL and subscription.recurring_billing:
        yield from _trial(subscription, now)
    elif state in lifecycle.ASSIGNABLE:
        yield from _ending(subscription, now)


def _pending(subscription: Subscription) -> Item:
    lapses = lapses_at(subscription)
    return Item(
        level=WARN,
        icon="warning",
        title=_("%(name)s: payment pending") % {"name": subscription.product.name},
        text=_("Your bank wants you to confirm it. The order lapses on %(until)s.")
        % {"until": format_moment(lapses)},
        url=reverse("subscriptions:order", args=[subscription.pk]),
        action=_("Confirm"),
        at=lapses,
    )


def _past_due(subscription: Subscription) -> Item:
    return _item(
        subscription,
        level=BAD,
        icon="error-circle",
        title=_("%(name)s is past due") % {"name": subscription.product.name},
        text=_("The last payment failed. People keep their licenses for now."),
        at=lifecycle.disabled_from(subscription),
    )


def _expired(subscription: Subscription) -> Item:
    disabled = lifecycle.disabled_from(subscription)
    return _item(
        subscription,
        level=WARN,
        icon="warning",
        title=_("%(name)s has expired") % {"name": subscription.product.name},
        text=_loss(subscription, format_day(disabled)),
        at=disabled,
    )


def _not_paid(subscription: Subscription, now: dt.datetime) -> Iterator[Item]:
    """Access has ended, and nobody wanted it to: told for as long as it was due."""
    disabled = lifecycle.disabled_from(subscription)
    if subscription.past_due_since is None or now >= disabled + SOON:
        return
    deleted = disabled + lifecycle.DISABLED_LASTS
    yield _item(
        subscription,
        level=WARN,
        icon="warning",
        title=_("%(name)s is disabled") % {"name": subscription.product.name},
        text=_(
            "It wasn't paid, so nobody can use it. Reactivate it before %(day)s, when"
            " it is deleted for good."
        )
        % {"day": format_day(deleted)},
        at=disabled,
    )


def _trial(subscription: Subscription, now: dt.datetime) -> Iterator[Item]:
    ends = subscription.trial_end
    if ends is None or ends > now + SOON:
        return
    count = subscription.paid_quantity
    yield _item(
        subscription,
        level=CALM,
        icon="clock",
        title=_("%(name)s: trial ends on %(day)s")
        % {"name": subscription.product.name, "day": format_day(ends)},
        text=ngettext(
            "Then %(count)s license for %(amount)s, excl. tax.",
            "Then %(count)s licenses for %(amount)s, excl. tax.",
            count,
        )
        % {"count": Grouped(count), "amount": subscription.period_total},
        at=ends,
    )


def _ending(subscription: Subscription, now: dt.datetime) -> Iterator[Item]:
    ends = subscription.term_end
    if subscription.recurring_billing or ends is None or ends > now + SOON:
        return
    last = format_day(lifecycle.disabled_from(subscription))
    yield _item(
        subscription,
        level=CALM,
        icon="calendar",
        title=_("%(name)s ends on %(day)s")
        % {"name": subscription.product.name, "day": format_day(ends)},
        text=f"{_('Recurring billing is off.')} {_loss(subscription, last)}",
        at=ends,
    )


def _loss(subscription: Subscription, day: str) -> str:
    count = subscription.assigned
    if not count:
        return _("Nobody has a license of it now.")
    return ngettext(
        "%(count)s person loses access on %(day)s.",
        "%(count)s people lose access on %(day)s.",
        count,
    ) % {"count": Grouped(count), "day": day}


def _item(
    subscription: Subscription,
    *,
    level: str,
    icon: str,
    title: str,
    text: str,
    at: dt.datetime,
) -> Item:
    url = reverse("subscriptions:details", args=[subscription.pk])
    return Item(level, icon, title, text, url, _("View"), at)


def _cards(charges: Iterable[Charge], now: dt.datetime) -> Iterator[Item]:
    """Cards that will have expired when they are to be charged next."""
    failing: dict[PaymentMethod, list[Charge]] = {}
    for charge in charges:
        card = charge.subscription.payment_method
        if card is not None and card.expired_by(charge.at.year, charge.at.month):
            failing.setdefault(card, []).append(charge)
    for card, lost in failing.items():
        names = dict.fromkeys(c.subscription.product.name for c in lost)
        over = card.expired_by(now.year, now.month)
        title = (
            _("%(card)s expired in %(month)s")
            if over
            else _("%(card)s expires in %(month)s")
        )
        yield Item(
            level=WARN,
            icon="warning",
            title=title % {"card": card, "month": card.expires},
            text=_("It pays for %(names)s. The charge on %(day)s would fail.")
            % {"names": ", ".join(names), "day": format_day(lost[0].at)},
            url=with_back(reverse("billing:payment_method", args=[card.pk]), "/"),
            action=_("View"),
            at=lost[0].at,
        )


def totals(charges: Iterable[Charge]) -> list[Money]:
    """Their sums, one for each currency."""
    return sums(charge.amount for charge in charges)
