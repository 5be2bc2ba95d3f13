"""Your products, and a subscription's details."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from billing.services import operations
from selfservice.accounts.requests import person
from selfservice.core import clock
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.lists import choices, with_query
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.forms import ProductsFilter
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.queries import (
    PAGE_SIZE,
    activity_of,
    invoices_of,
    names_of,
    products_page,
    subscription_for,
)
from selfservice.subscriptions.services.counting import scheduled_change
from selfservice.subscriptions.services.trial_count import KIND as TOLD_ASIDE
from selfservice.subscriptions.trial_wording import after_trial
from selfservice.subscriptions.views.actions import actions_of
from selfservice.subscriptions.wording import (
    activity_sentence,
    frequency_words,
    next_sentence,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A subscription as the list shows it."""

    subscription: Subscription
    state: str
    label: str
    badge: str
    next_at: dt.datetime | None
    next_words: str
    per: str

    @property
    def usable(self) -> bool:
        return self.state in lifecycle.ASSIGNABLE

    @property
    def url(self) -> str:
        name = "order" if self.state == lifecycle.PENDING else "details"
        return reverse(f"subscriptions:{name}", args=[self.subscription.pk])


def row_of(subscription: Subscription, now: dt.datetime) -> Row:
    state = lifecycle.state_at(subscription, now)
    next_at, words = next_sentence(subscription, state)
    return Row(
        subscription=subscription,
        state=state,
        label=str(lifecycle.LABELS[state]),
        badge=lifecycle.BADGES[state],
        next_at=next_at,
        next_words=words,
        per=frequency_words(subscription.plan),
    )


@require_safe
def products(request: HtmxHttpRequest) -> HttpResponse:
    form = ProductsFilter(request.GET)
    now = clock.now()
    page = products_page(
        purchaser=person(request),
        now=now,
        text=form.value("q"),
        status=form.value("status"),
        sort=form.value("sort", "next"),
        number=form.value("page", 1),
    )
    number, status = page.number, form.value("status")
    context = {
        "rows": [row_of(subscription, now) for subscription in page.rows],
        "total": page.total,
        "q": form.value("q"),
        "sort": form.value("sort", "next"),
        "channel": form.value("channel"),
        "filtered": bool(form.value("q") or status),
        "without_channel": with_query(request, channel=None),
        "channels": choices(
            request,
            "channel",
            [("", _("All")), ("self-service", _("Self-service"))],
            chosen=form.value("channel"),
        ),
        "statuses": choices(
            request,
            "status",
            [("", _("All")), *lifecycle.LABELS.items()],
            chosen=status,
        ),
        "page_text": _page_text(number, page.total),
        "previous_url": with_query(request, page=str(number - 1)) if number > 1 else "",
        "next_url": with_query(request, page=str(number + 1)) if page.has_next else "",
    }
    return render_page(request, "subscriptions/products.html", context, partial="list")


def _page_text(number: int, total: int) -> str:
    first = (number - 1) * PAGE_SIZE + 1
    last = min(number * PAGE_SIZE, total)
    return _("%(first)d–%(last)d of %(total)d") % {
        "first": first,
        "last": last,
        "total": total,
    }


@require_safe
def row_menu(request: HtmxHttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    """What can be done with a row; a page of its own without JavaScript."""
    subscription = subscription_for(person(request), subscription_id)
    if subscription is None:
        raise Http404
    now = clock.now()
    row = row_of(subscription, now)
    context = {
        "row": row,
        "subscription": subscription,
        "actions": actions_of(subscription, row.state, now),
    }
    return render_page(request, "subscriptions/row_menu.html", context, partial="menu")


@require_safe
def details(request: HtmxHttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    owner = person(request)
    subscription = subscription_for(owner, subscription_id)
    if subscription is None or subscription.term_end is None:
        raise Http404
    now = clock.now()
    entries = activity_of(subscription)
    names = names_of(owner.organization_id, {e.actor_id for e in entries if e.actor_id})
    card = subscription.payment_method
    context = {
        "subscription": subscription,
        "row": row_of(subscription, now),
        "stages": lifecycle.timeline(subscription),
        "stage_labels": lifecycle.LABELS,
        "state": lifecycle.state_at(subscription, now),
        "actions": actions_of(subscription, lifecycle.state_at(subscription, now), now),
        "scheduled": scheduled_change(subscription),
        "checking": operations.unsettled(
            organization_id=subscription.organization_id,
            subject_id=subscription.pk,
            besides=TOLD_ASIDE,
        ),
        "after_trial": after_trial(subscription) if subscription.is_trial else "",
        "elapsed": _elapsed(subscription, now),
        "days_left": _days_left(subscription, now),
        "card_ends": card is not None
        and card.expired_by(subscription.term_end.year, subscription.term_end.month),
        "invoices": invoices_of(subscription),
        "entries": [
            (entry, activity_sentence(entry, owner, names)) for entry in entries
        ],
    }
    return render_page(
        request, "subscriptions/details.html", context, partial="details"
    )


def _elapsed(subscription: Subscription, now: dt.datetime) -> int:
    """How much of the term is over, in percent."""
    if subscription.term_start is None or subscription.term_end is None:
        return 0
    whole = (subscription.term_end - subscription.term_start).total_seconds()
    gone = (now - subscription.term_start).total_seconds()
    return round(max(0.0, min(1.0, gone / whole)) * 100)


def _days_left(subscription: Subscription, now: dt.datetime) -> str:
    if subscription.term_end is None or now >= subscription.term_end:
        return ""
    days = (subscription.term_end - now).days
    if subscription.is_trial:
        return ngettext(
            "The trial ends in %(days)d day", "The trial ends in %(days)d days", days
        ) % {"days": days}
    if subscription.recurring_billing:
        return ngettext("Renews in %(days)d day", "Renews in %(days)d days", days) % {
            "days": days
        }
    return ngettext("Ends in %(days)d day", "Ends in %(days)d days", days) % {
        "days": days
    }
