"""Licenses: the products somebody bought."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from licensing.forms import LicensesFilter
from licensing.queries import (
    PAGE_SIZE,
    Holding,
    contracts,
    holdings,
)
from licensing.views.access import holding_for
from selfservice.accounts.history import Subject
from selfservice.accounts.requests import person
from selfservice.accounts.views.activity import Part, activity_page
from selfservice.core import clock
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.lists import choices, with_query
from selfservice.core.numbers import Grouped

SORTS: dict[str, Callable[[Holding], Any]] = {
    "name": lambda holding: holding.name.casefold(),
    "assigned": lambda holding: holding.assigned,
    "free": lambda holding: holding.available,
}
SHOWN: dict[str, Callable[[Holding], bool]] = {
    "": lambda holding: True,
    "free": lambda holding: holding.available > 0,
    "none": lambda holding: holding.available == 0,
}


@require_safe
def licenses(request: HtmxHttpRequest) -> HttpResponse:
    form = LicensesFilter(request.GET)
    text, show = form.value("q"), form.value("show")
    sort, number = form.value("sort", "name"), form.value("page", 1)
    bought = holdings(person(request), clock.now())
    found = [
        h for h in bought if SHOWN[show](h) and text.casefold() in SORTS["name"](h)
    ]
    found.sort(key=SORTS[sort.lstrip("-")], reverse=sort.startswith("-"))
    start = (number - 1) * PAGE_SIZE
    rows = found[start : start + PAGE_SIZE]
    more = len(found) > start + PAGE_SIZE
    context = {
        "rows": rows,
        "attention": any(holding.attention for holding in rows),
        "total": len(found),
        "bought": bool(bought),
        "q": text,
        "sort": sort,
        "show": show,
        "shown": choices(
            request, "show", [("", _("All")), *LicensesFilter.SHOWN], chosen=show
        ),
        "page_text": _("%(first)s–%(last)s of %(total)s")
        % {
            "first": Grouped(start + 1),
            "last": Grouped(start + len(rows)),
            "total": Grouped(len(found)),
        },
        "previous_url": with_query(request, page=str(number - 1)) if number > 1 else "",
        "next_url": with_query(request, page=str(number + 1)) if more else "",
    }
    return render_page(
        request, "licensing/licenses.html", context, partial="licenses-list"
    )


@require_safe
def activity(request: HtmxHttpRequest, product_id: uuid.UUID) -> HttpResponseBase:
    """Everything that was done to one's subscriptions to a product."""
    owner, holding = person(request), holding_for(request, product_id)
    bought = contracts(owner, product_id).select_related("plan__product")
    titles = {
        subscription.pk: Subject(
            str(subscription.plan),
            reverse("subscriptions:details", args=[subscription.pk]),
        )
        for subscription in bought
    }
    part = Part(
        reader=owner,
        title=_("Activity of %(product)s") % {"product": holding.name},
        up=[
            (_("Licenses"), reverse("licensing:licenses")),
            (holding.name, reverse("licensing:product", args=[product_id])),
        ],
        subject_ids=list(titles),
        subjects=lambda asked: titles,
    )
    return activity_page(request, part)
