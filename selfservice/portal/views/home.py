"""Home: what needs the purchaser, what will be charged, what is in use."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from billing.queries import invoices_of, past_due_invoices
from billing.wording import given_back_words, status_badge
from licensing.queries import holdings
from selfservice.accounts.models import User
from selfservice.accounts.requests import person
from selfservice.core import clock
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.numbers import Grouped
from selfservice.portal.attention import SOON, Item, attention, totals
from selfservice.subscriptions.charges import next_charges
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.queries import subscriptions_of

# Home is a summary: somebody with more than that reads Your products.
MOST_READ = 300
SHOWN_CHARGES, SHOWN_HOLDINGS, SHOWN_INVOICES = 6, 6, 4


@require_safe
def home(request: HtmxHttpRequest) -> HttpResponse:
    user, now = person(request), clock.now()
    bought = _bought(user)
    if not bought:
        # An admin comes for what others bought, a colleague for what they were given.
        own = "oversight:purchases" if user.sees_oversight else "licensing:my_licenses"
        return redirect(own)
    charges = next_charges(bought, now)
    soon = [charge for charge in charges if charge.at <= now + SOON]
    items = attention(bought, past_due_invoices(user), charges, now)
    held = [holding for holding in holdings(user, now) if holding.quantity]
    context = {
        "greeting": greeting(user, now),
        "summary": summary(items),
        "items": items,
        "charges": soon[:SHOWN_CHARGES],
        "more_charges": len(soon) - len(soon[:SHOWN_CHARGES]),
        "charge_totals": totals(soon),
        "later": charges[0] if charges and not soon else None,
        "held": held[:SHOWN_HOLDINGS],
        "assigned": sum(holding.assigned for holding in held),
        "licenses": sum(holding.quantity for holding in held),
        "invoices": _latest_invoices(user),
    }
    return render_page(request, "portal/home.html", context, partial="home-cards")


def _bought(user: User) -> list[Subscription]:
    rows = subscriptions_of(user).select_related(
        "product", "plan", "price", "payment_method"
    )
    return list(rows.order_by("-id")[:MOST_READ])


def _latest_invoices(user: User) -> list[dict[str, Any]]:
    latest = invoices_of(user).defer("sold_to", "bill_to")
    rows = latest.order_by("-finalized_at", "-id")[:SHOWN_INVOICES]
    return [
        {
            "invoice": row,
            "status": status_badge(row),
            "given_back": given_back_words(row),
        }
        for row in rows
    ]


def greeting(user: User, now: dt.datetime) -> str:
    """By the hour where the organization is; the first name where it is known."""
    words = {"name": user.first_name or user.display_name}
    hour = timezone.localtime(now).hour
    if hour < 12:
        return _("Good morning, %(name)s") % words
    if hour < 18:
        return _("Good afternoon, %(name)s") % words
    return _("Good evening, %(name)s") % words


def summary(items: list[Item]) -> str:
    """How many things need the reader."""
    count = sum(item.urgent for item in items)
    if not count:
        return _("Nothing needs you today. Everything is running.")
    return ngettext(
        "%(count)s thing needs you today.", "%(count)s things need you today.", count
    ) % {"count": Grouped(count)}
