"""A person's calendar of renewals, ends of trials and cards that expire."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from icalendar import Calendar, Event, vDuration

from billing.models import PaymentMethod
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.core.money import format_money
from selfservice.core.numbers import Grouped
from selfservice.portal.notifications import next_event, told_ahead
from selfservice.subscriptions.models import Subscription

# A calendar program reads all of it, some times a day.
MOST = 1000
REFRESH = dt.timedelta(hours=12)


def feed(owner: User) -> bytes:
    """The calendar as a file (RFC 5545), in the active language."""
    made = Calendar()
    made.add("prodid", "-//Self-service portal//Renewals//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", _("Licenses & billing"))
    made.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    # What Outlook reads in its place. The library has no type for it.
    made.add("x-published-ttl", vDuration(REFRESH))
    found = list(told_ahead(owner).select_related("price", "payment_method")[:MOST])
    zone = ZoneInfo(owner.organization.time_zone)
    for subscription in found:
        made.add_component(_about(subscription, zone))
    for event in _cards(owner):
        made.add_component(event)
    content: bytes = made.to_ical()
    return content


def _about(subscription: Subscription, zone: ZoneInfo) -> Event:
    now = clock.now()
    at = next_event(subscription, now)
    trial = at == subscription.trial_end
    product = subscription.product.name
    title = _("Trial ends: %(product)s") if trial else _("Renewal: %(product)s")
    count = subscription.paid_quantity
    text = ngettext(
        "%(count)s license for %(total)s, excl. tax, with %(card)s.",
        "%(count)s licenses for %(total)s, excl. tax, with %(card)s.",
        count,
    ) % {
        "count": Grouped(count),
        "total": format_money(subscription.period_total),
        "card": subscription.payment_method,
    }
    if not subscription.recurring_billing:
        text = _("Recurring billing is off: nothing is charged.")
    return _event(
        key=f"{subscription.pk}-{'trial' if trial else 'renewal'}",
        day=at.astimezone(zone).date(),
        title=title % {"product": product},
        text=text,
        path=reverse("subscriptions:details", args=[subscription.pk]),
    )


def _cards(owner: User) -> Iterator[Event]:
    """The last day of each card that a billing profile is charged with."""
    month = clock.now().date().replace(day=1)
    cards = PaymentMethod.objects.filter(
        organization_id=owner.organization_id,
        profile__purchaser=owner,
        detached_at=None,
    ).select_related("profile")
    for card in cards.order_by("pk")[:MOST]:
        if card.expired_by(month.year, month.month):
            continue
        last = calendar.monthrange(card.exp_year, card.exp_month)[1]
        yield _event(
            key=f"{card.pk}-card",
            day=dt.date(card.exp_year, card.exp_month, last),
            title=_("Card expires: %(card)s") % {"card": card},
            text=_("It is a card of the billing profile %(profile)s.")
            % {"profile": card.profile.name},
            path=reverse("billing:payment_methods"),
        )


def _event(*, key: str, day: dt.date, title: str, text: str, path: str) -> Event:
    portal = settings.PORTAL_BASE_URL.rstrip("/")
    event = Event()
    event.add("uid", f"{key}@{urlsplit(portal).hostname}")
    event.add("dtstamp", clock.now())
    event.add("dtstart", day)
    event.add("dtend", day + dt.timedelta(days=1))
    event.add("summary", title)
    event.add("description", f"{text}\n{portal}{path}")
    event.add("url", portal + path)
    event.add("transp", "TRANSPARENT")
    return event
