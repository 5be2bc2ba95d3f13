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
from selfservice.core.money import Money
from selfservice.core.templatetags.ui import format_day, format_moment
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import OrderState, Subscription
from selfservice.subscriptions.services.buying import lapses_at

SOON = dt.timedelta(days=30)
BAD, WARN, CALM = "bad", "warn", "dim"


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """One line of the list. `level` is bad, warn or dim; bad and warn need somebody."""

    level: str
    icon: str
    title: str
    text: str
    url: str
    action: str

    @property
    def urgent(self) -> bool:
        return self.level != CALM


@dataclasses.dataclass(frozen=True, slots=True)
class Charge:
    """A charge to come, excluding tax."""

    at: dt.datetime
    subscription: Subscription
    quantity: int
    amount: Money


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
    items += _cards(charges)
    order = [BAD, WARN, CALM]
    return sorted(items, key=lambda item: order.index(item.level))


def _unpaid(invoice: Invoice) -> Item:
    return Item(
        BAD,
        "error-circle",
        _("%(name)s: payment of %(amount)s failed")
        % {"name": invoice.title, "amount": invoice.amount_due},
        _("Invoice %(number)s of %(day)s. People keep their licenses for now.")
        % {"number": invoice.number, "day": format_day(invoice.finalized_at)},
        reverse("billing:invoice", args=[invoice.pk]),
        _("View invoice"),
    )


def _about(subscription: Subscription, state: str, now: dt.datetime) -> Iterator[Item]:
    name = subscription.product.name
    if subscription.order_state == OrderState.PENDING:
        yield _pending(subscription)
    elif state == lifecycle.PAST_DUE:
        title = _("%(name)s is past due") % {"name": name}
        text = _("The last payment failed. People keep their licenses for now.")
        yield _item(BAD, "error-circle", title, text, subscription)
    elif state == lifecycle.EXPIRED:
        day = format_day(lifecycle.disabled_from(subscription))
        title = _("%(name)s has expired") % {"name": name}
        yield _item(WARN, "warning", title, _loss(subscription, day), subscription)
    elif state == lifecycle.TRIAL and subscription.recurring_billing:
        yield from _trial(subscription, now)
    elif state in lifecycle.ASSIGNABLE:
        yield from _ending(subscription, now)


def _ending(subscription: Subscription, now: dt.datetime) -> Iterator[Item]:
    ends = subscription.term_end
    if subscription.recurring_billing or ends is None or ends > now + SOON:
        return
    title = _("%(name)s ends on %(day)s") % {
        "name": subscription.product.name,
        "day": format_day(ends),
    }
    last = format_day(lifecycle.disabled_from(subscription))
    text = f"{_('Recurring billing is off.')} {_loss(subscription, last)}"
    yield _item(CALM, "calendar", title, text, subscription)


def _pending(subscription: Subscription) -> Item:
    until = format_moment(lapses_at(subscription))
    return Item(
        WARN,
        "warning",
        _("%(name)s: payment pending") % {"name": subscription.product.name},
        _("Your bank wants you to confirm it. The order lapses on %(until)s.")
        % {"until": until},
        reverse("subscriptions:order", args=[subscription.pk]),
        _("Finish the payment"),
    )


def _trial(subscription: Subscription, now: dt.datetime) -> Iterator[Item]:
    ends = subscription.trial_end
    if ends is None or ends > now + SOON:
        return
    title = _("%(name)s: trial ends on %(day)s") % {
        "name": subscription.product.name,
        "day": format_day(ends),
    }
    count = subscription.quantity
    text = ngettext(
        "Then %(count)d license for %(amount)s, excl. tax.",
        "Then %(count)d licenses for %(amount)s, excl. tax.",
        count,
    ) % {"count": count, "amount": subscription.period_total}
    yield _item(CALM, "clock", title, text, subscription)


def _loss(subscription: Subscription, day: str) -> str:
    count = subscription.assigned
    if not count:
        return _("Nobody has a license of it now.")
    return ngettext(
        "%(count)d person loses access on %(day)s.",
        "%(count)d people lose access on %(day)s.",
        count,
    ) % {"count": count, "day": day}


def _item(
    level: str, icon: str, title: str, text: str, subscription: Subscription
) -> Item:
    url = reverse("subscriptions:details", args=[subscription.pk])
    return Item(level, icon, title, text, url, _("View"))


def _cards(charges: Iterable[Charge]) -> Iterator[Item]:
    """Cards that will have expired when they are to be charged next."""
    first: dict[PaymentMethod, list[Charge]] = {}
    for charge in charges:
        card = charge.subscription.payment_method
        if card.expired_by(charge.at.year, charge.at.month):
            first.setdefault(card, []).append(charge)
    for card, failing in first.items():
        names = dict.fromkeys(c.subscription.product.name for c in failing)
        yield _item(
            WARN,
            "warning",
            _("%(card)s expires in %(month)s") % {"card": card, "month": card.expires},
            _("It pays for %(names)s. The charge on %(day)s would fail.")
            % {"names": ", ".join(names), "day": format_day(failing[0].at)},
            failing[0].subscription,
        )


def next_charges(
    subscriptions: Iterable[Subscription], now: dt.datetime
) -> list[Charge]:
    """The next charge of every subscription that has one, the soonest first."""
    found = [
        charge
        for subscription in subscriptions
        if (charge := _next_charge(subscription, now)) is not None
    ]
    return sorted(found, key=lambda charge: charge.at)


def _next_charge(subscription: Subscription, now: dt.datetime) -> Charge | None:
    if lifecycle.state_at(subscription, now) not in {lifecycle.ACTIVE, lifecycle.TRIAL}:
        return None
    at = subscription.trial_end or subscription.period_end
    if at is not None and at <= now:
        at = subscription.period_end
    ends = subscription.term_end
    if at is None or ends is None or at <= now:
        return None
    # A year that is billed monthly is charged until its end, renewed or not.
    renews = at >= ends
    if renews and not subscription.recurring_billing:
        return None
    count = subscription.quantity
    if renews and subscription.scheduled_quantity is not None:
        count = subscription.scheduled_quantity
    return Charge(at, subscription, count, subscription.price.money * count)


def totals(charges: Iterable[Charge]) -> list[Money]:
    """Their sums, one for each currency."""
    sums: dict[str, Money] = {}
    for charge in charges:
        known = sums.get(charge.amount.currency, Money(0, charge.amount.currency))
        sums[charge.amount.currency] = known + charge.amount
    return list(sums.values())
