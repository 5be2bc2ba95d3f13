"""Self-service purchases of the organization: the list, and one of them.

Read-only: there is no route here but GET and HEAD.
"""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from selfservice.accounts.history import lines_of
from selfservice.core import clock
from selfservice.core.htmx import HtmxHttpRequest, render_page, wants_fragment
from selfservice.core.lists import Choice, choices, with_query
from selfservice.core.money import Money
from selfservice.oversight.access import overseer
from selfservice.oversight.forms import EXPIRIES, PeoplePage, PurchasesFilter
from selfservice.oversight.queries import (
    ALIAS,
    ORDERS,
    PAGE_SIZE,
    Facet,
    Search,
    Totals,
    facets_of,
    find_purchases,
    licensed_people,
    order_history,
    purchase_for,
    totals_of,
    with_what_is_shown,
)
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.wording import frequency_words

# More of them would outweigh the list; the others are found by typing.
MENU_LENGTH = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A subscription as admins see it."""

    subscription: Subscription
    label: str
    badge: str
    per: str
    usable: bool

    @property
    def unit(self) -> Money:
        return self.subscription.price.money


def row_of(subscription: Subscription) -> Row:
    """From a row that was read with its `state`."""
    state: str = subscription.state  # type: ignore[attr-defined]
    return Row(
        subscription,
        str(lifecycle.LABELS[state]),
        lifecycle.BADGES[state],
        frequency_words(subscription.plan),
        state in lifecycle.ASSIGNABLE,
    )


@require_safe
def purchases(request: HtmxHttpRequest) -> HttpResponse:
    organization_id = overseer(request).organization_id
    form, now = PurchasesFilter(request.GET), clock.now()
    found = find_purchases(organization_id, _search(form), now)
    sort, number = form.value("sort", "product"), form.value("page", 1)
    start = (number - 1) * PAGE_SIZE
    rows = with_what_is_shown(found).order_by(*ORDERS[sort])[start : start + PAGE_SIZE]
    total = found.count()
    more = start + PAGE_SIZE < total
    context = {
        **_filters(request, form, *facets_of(organization_id)),
        "rows": [row_of(subscription) for subscription in rows],
        "total": total,
        "sort": sort,
        "page_text": _page_text(start, total),
        "previous_url": with_query(request, page=str(number - 1)) if number > 1 else "",
        "next_url": with_query(request, page=str(number + 1)) if more else "",
    }
    if not wants_fragment(request):
        context |= _totals(totals_of(organization_id, now))
    return render_page(
        request, "oversight/purchases.html", context, partial="purchases-list"
    )


def _search(form: PurchasesFilter) -> Search:
    return Search(
        product_id=form.value("product", None),
        purchaser_id=form.value("purchaser", None),
        status=form.value("status"),
        expiry=form.value("expiry"),
        text=form.value("q"),
    )


def _page_text(start: int, total: int) -> str:
    return _("%(first)d–%(last)d of %(total)d") % {
        "first": start + 1,
        "last": min(start + PAGE_SIZE, total),
        "total": total,
    }


def _filters(
    request: HtmxHttpRequest,
    form: PurchasesFilter,
    products: list[Facet],
    purchasers: list[Facet],
) -> dict[str, Any]:
    names = ("product", "purchaser", "status", "expiry")
    chosen = {name: str(form.value(name)) for name in names}
    all_, any_ = [("", _("All"))], [("", _("Any time"))]
    statuses, expiries = list(lifecycle.LABELS.items()), EXPIRIES
    return {
        "products": _menu(request, "product", products, chosen["product"]),
        "purchasers": _menu(request, "purchaser", purchasers, chosen["purchaser"]),
        "statuses": choices(
            request, "status", [*all_, *statuses], chosen=chosen["status"]
        ),
        "expiries": choices(
            request, "expiry", [*any_, *expiries], chosen=chosen["expiry"]
        ),
        "kept": {
            name: request.GET[name] for name in (*names, "sort") if name in request.GET
        },
        "q": form.value("q"),
        "filtered": bool(form.value("q") or any(chosen.values())),
    }


def _menu(
    request: HtmxHttpRequest, name: str, facets: list[Facet], chosen: str
) -> list[Choice]:
    """All, and those with the most subscriptions; the chosen one is always there."""
    most = sorted(facets, key=lambda f: (str(f.id) != chosen, -f.count))[:MENU_LENGTH]
    shown = [(str(facet.id), facet.name) for facet in facets if facet in most]
    return choices(request, name, [("", _("All")), *shown], chosen=chosen)


def _totals(totals: list[Totals]) -> dict[str, Any]:
    bought = sum(part.bought for part in totals)
    assigned = sum(part.assigned for part in totals)
    past_due = sum(part.past_due for part in totals)
    ending = sum(part.ending for part in totals)
    return {
        "totals": totals,
        "charged": sum(part.charged for part in totals),
        "bought": bought,
        "assigned": assigned,
        "idle": bought - assigned,
        "percent": round(100 * assigned / bought) if bought else 0,
        "ending": ending,
        "past_due": past_due,
    }


@require_safe
def purchase(request: HtmxHttpRequest, subscription_id: uuid.UUID) -> HttpResponse:
    reader = overseer(request)
    found = purchase_for(reader.organization_id, subscription_id, clock.now())
    if found is None:
        raise Http404
    people, next_place = licensed_people(found, PeoplePage(request.GET).place)
    entries = order_history(found)
    context = {
        "row": row_of(found),
        "subscription": found,
        "people": people,
        "next_url": with_query(request, after=str(next_place)) if next_place else "",
        "first_url": with_query(request, after=None) if "after" in request.GET else "",
        "lines": lines_of(entries, reader, using=ALIAS),
    }
    return render_page(
        request, "oversight/purchase.html", context, partial="purchase-people"
    )
