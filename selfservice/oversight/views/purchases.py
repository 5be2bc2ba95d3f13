"""Self-service purchases of the organization: the list, and one of them.

Read-only: there is no route here but GET and HEAD.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from selfservice.accounts.history import lines_of
from selfservice.core import clock
from selfservice.core.htmx import HtmxHttpRequest, render_page, wants_fragment
from selfservice.core.lists import Choice, beside, choices, with_query
from selfservice.core.money import Money
from selfservice.core.numbers import Grouped
from selfservice.oversight.access import overseer
from selfservice.oversight.exports import export
from selfservice.oversight.facets import Facet, facets_of
from selfservice.oversight.forms import (
    EXPIRIES,
    GROUPS,
    PRODUCT,
    PeoplePage,
    PurchasesFilter,
)
from selfservice.oversight.grouping import grouped
from selfservice.oversight.queries import (
    ALIAS,
    PAGE_SIZE,
    Search,
    find_purchases,
    licensed_people,
    order_history,
    purchase_for,
    purchases_page,
    scheduled_for,
    whole_of,
)
from selfservice.oversight.replica import lag_sentence
from selfservice.oversight.spots import SPOTS, Spots, also_from, count_spots
from selfservice.oversight.totals import Totals, totals_of
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.wording import frequency_words


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
    state: str = beside(subscription, "state")
    return Row(
        subscription,
        str(lifecycle.LABELS[state]),
        lifecycle.BADGES[state],
        frequency_words(subscription.plan),
        state in lifecycle.ASSIGNABLE,
    )


@require_safe
def purchases(request: HtmxHttpRequest) -> HttpResponseBase:
    organization_id = overseer(request).organization_id
    form, now = PurchasesFilter(request.GET), clock.now()
    search = _search(form)
    if form.value("export"):
        return export(find_purchases(organization_id, search, now))
    if form.value("group"):
        shown = _groups(request, form, find_purchases(organization_id, search, now))
    else:
        shown = _subscriptions(request, form, organization_id, search, now)
    context = {
        **_filters(
            request,
            form,
            *facets_of(organization_id, search.product_id, search.purchaser_id),
        ),
        **shown,
        "sort": form.order,
        "export_url": with_query(request, export="csv"),
    }
    if not wants_fragment(request):
        context |= _totals(totals_of(organization_id, now))
        context |= {"lag": lag_sentence()}
        context |= {"spots": _spots(form.value("spot"), None)}
    return render_page(
        request, "oversight/purchases.html", context, partial="purchases-list"
    )


def _subscriptions(
    request: HtmxHttpRequest,
    form: PurchasesFilter,
    organization_id: uuid.UUID,
    search: Search,
    now: dt.datetime,
) -> dict[str, Any]:
    rows, total = purchases_page(
        organization_id,
        search,
        now,
        sort=form.order,
        start=form.start,
    )
    return {
        "rows": [row_of(subscription) for subscription in rows],
        **_pages(request, form, total),
    }


def _groups(
    request: HtmxHttpRequest, form: PurchasesFilter, found: QuerySet[Subscription]
) -> dict[str, Any]:
    by = form.value("group")
    groups = grouped(found, by, form.order)
    shown = groups[form.start : form.start + PAGE_SIZE]
    return {
        "groups": [
            (row, with_query(request, group=None, **{by: str(row.key)}))
            for row in shown
        ],
        "by_product": by == PRODUCT,
        **_pages(request, form, len(groups)),
    }


def _pages(
    request: HtmxHttpRequest, form: PurchasesFilter, total: int
) -> dict[str, Any]:
    number = form.value("page", 1)
    more = form.start + PAGE_SIZE < total
    return {
        "total": total,
        "page_text": _page_text(form.start, total),
        "previous_url": with_query(request, page=str(number - 1)) if number > 1 else "",
        "next_url": with_query(request, page=str(number + 1)) if more else "",
    }


@require_safe
def spots(request: HtmxHttpRequest) -> HttpResponse:
    """How much there is at each spot: asked for by the page once it stands."""
    organization_id = overseer(request).organization_id
    counts = count_spots(whole_of(organization_id, clock.now()), ALIAS)
    chosen = PurchasesFilter(request.GET).value("spot")
    return render(request, "oversight/_spots.html", {"spots": _spots(chosen, counts)})


def _spots(chosen: str, counts: Spots | None) -> list[tuple[Choice, int | None]]:
    """Each as a link, with its count when that is known; pressed again it goes.

    They stand outside the list, whose other filters change without them.
    """
    path = reverse("oversight:purchases")
    return [
        (
            Choice(
                label,
                path if spot == chosen else f"{path}?spot={spot}",
                spot == chosen,
            ),
            getattr(counts, spot) if counts else None,
        )
        for spot, label in SPOTS
    ]


def _search(form: PurchasesFilter) -> Search:
    return Search(
        product_id=form.value("product", None),
        purchaser_id=form.value("purchaser", None),
        status=form.value("status"),
        expiry=form.value("expiry"),
        text=form.value("q"),
        spot=form.value("spot"),
    )


def _page_text(start: int, total: int) -> str:
    return _("%(first)s–%(last)s of %(total)s") % {
        "first": Grouped(start + 1),
        "last": Grouped(min(start + PAGE_SIZE, total)),
        "total": Grouped(total),
    }


def _filters(
    request: HtmxHttpRequest,
    form: PurchasesFilter,
    products: list[Facet],
    purchasers: list[Facet],
) -> dict[str, Any]:
    names = ("product", "purchaser", "status", "expiry", "spot")
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
        "views": choices(request, "group", GROUPS, chosen=form.value("group")),
        "spot": dict(SPOTS).get(chosen["spot"], ""),
        "spot_key": chosen["spot"],
        "unspotted_url": with_query(request, spot=None),
        "kept": {
            name: request.GET[name]
            for name in (*names, "sort", "group")
            if name in request.GET
        },
        "q": form.value("q"),
        "filtered": bool(form.value("q") or any(chosen.values())),
    }


def _menu(
    request: HtmxHttpRequest, name: str, facets: list[Facet], chosen: str
) -> list[Choice]:
    shown = [(str(facet.id), facet.name) for facet in facets]
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
    also = also_from(found, (row.user_id for row in people), ALIAS) if people else {}
    context = {
        "row": row_of(found),
        "lag": lag_sentence(),
        "subscription": found,
        "stages": lifecycle.timeline(found) if found.term_end else [],
        "stage_labels": lifecycle.LABELS,
        "scheduled": scheduled_for(found),
        "people": [(row, also.get(row.user_id, ())) for row in people],
        "next_url": with_query(request, after=str(next_place)) if next_place else "",
        "first_url": with_query(request, after=None) if "after" in request.GET else "",
        "lines": lines_of(entries, reader, using=ALIAS),
    }
    return render_page(
        request, "oversight/purchase.html", context, partial="purchase-people"
    )
