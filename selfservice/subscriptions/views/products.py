"""A subscription: its row's menu, and its page."""

from __future__ import annotations

import datetime as dt
import math
import uuid

from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from billing.services import operations
from selfservice.accounts.history import lines_of
from selfservice.accounts.requests import person
from selfservice.accounts.views.activity import Part, activity_page
from selfservice.core import clock
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.numbers import Grouped
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.charges import card_fails_at
from selfservice.subscriptions.models import NextContract, Subscription
from selfservice.subscriptions.queries import (
    activity_of,
    invoices_of,
    subscription_for,
)
from selfservice.subscriptions.services.counting import scheduled_change
from selfservice.subscriptions.services.next_contract import (
    contract_lapses_at,
    waiting_contract,
)
from selfservice.subscriptions.services.reactivating import REACTIVABLE
from selfservice.subscriptions.services.trial_count import KIND as TOLD_ASIDE
from selfservice.subscriptions.trial_wording import after_trial
from selfservice.subscriptions.views.actions import actions_of
from selfservice.subscriptions.views.your_products import row_of


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
    checking = operations.unsettled(
        organization_id=subscription.organization_id,
        subject_id=subscription.pk,
        besides=TOLD_ASIDE,
    )
    waiting = None if checking else _waiting(subscription, now)
    context = {
        "subscription": subscription,
        "row": row_of(subscription, now),
        "stages": lifecycle.timeline(subscription),
        "disabled_at": lifecycle.disabled_from(subscription),
        "stage_labels": lifecycle.LABELS,
        "state": lifecycle.state_at(subscription, now),
        "actions": actions_of(subscription, lifecycle.state_at(subscription, now), now),
        "scheduled": scheduled_change(subscription),
        "checking": checking,
        "next_contract": waiting,
        "next_contract_until": waiting and contract_lapses_at(waiting),
        "after_trial": after_trial(subscription) if subscription.is_trial else "",
        "elapsed": _elapsed(subscription, now),
        "days_left": _days_left(subscription, now),
        "card_fails_at": card_fails_at(subscription, now),
        "invoices": invoices_of(subscription),
        "lines": lines_of(entries, owner),
    }
    return render_page(
        request, "subscriptions/details.html", context, partial="details"
    )


@require_safe
def activity(request: HtmxHttpRequest, subscription_id: uuid.UUID) -> HttpResponseBase:
    """Everything that was ever done to a subscription."""
    owner = person(request)
    subscription = subscription_for(owner, subscription_id)
    if subscription is None or subscription.term_end is None:
        raise Http404
    name = subscription.product.name
    part = Part(
        reader=owner,
        title=_("Activity of %(product)s") % {"product": name},
        up=[
            (_("Your products"), reverse("subscriptions:products")),
            (name, reverse("subscriptions:details", args=[subscription.pk])),
        ],
        subject_ids=[subscription.pk],
    )
    return activity_page(request, part)


def _waiting(subscription: Subscription, now: dt.datetime) -> NextContract | None:
    """The new term of what is over, whose payment the bank wants confirmed."""
    if lifecycle.state_at(subscription, now) not in REACTIVABLE:
        return None
    return waiting_contract(subscription)


def _elapsed(subscription: Subscription, now: dt.datetime) -> int:
    """How much of the term is over, in percent."""
    if subscription.term_start is None or subscription.term_end is None:
        return 0
    whole = (subscription.term_end - subscription.term_start).total_seconds()
    gone = (now - subscription.term_start).total_seconds()
    return round(max(0.0, min(1.0, gone / whole)) * 100)


def _days_left(subscription: Subscription, now: dt.datetime) -> str:
    state = lifecycle.state_at(subscription, now)
    ends = subscription.term_end
    if state == lifecycle.PAST_DUE:
        ends = lifecycle.disabled_from(subscription)
    if state not in lifecycle.ASSIGNABLE or ends is None or now >= ends:
        return ""
    days = math.ceil((ends - now) / dt.timedelta(days=1))
    if subscription.is_trial:
        return ngettext(
            "The trial ends in %(days)s day", "The trial ends in %(days)s days", days
        ) % {"days": Grouped(days)}
    if subscription.recurring_billing and state != lifecycle.PAST_DUE:
        return ngettext("Renews in %(days)s day", "Renews in %(days)s days", days) % {
            "days": Grouped(days)
        }
    return ngettext("Ends in %(days)s day", "Ends in %(days)s days", days) % {
        "days": Grouped(days)
    }
