"""Licenses: the products somebody bought, and the people who have them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from licensing.forms import LicensesFilter, PeopleFilter
from licensing.queries import PAGE_SIZE, Holding, holdings, licensed_people
from licensing.views.access import holding_for
from selfservice.accounts.requests import person
from selfservice.core import clock
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.lists import choices, with_query

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
        "page_text": _("%(first)d–%(last)d of %(total)d")
        % {"first": start + 1, "last": start + len(rows), "total": len(found)},
        "previous_url": with_query(request, page=str(number - 1)) if number > 1 else "",
        "next_url": with_query(request, page=str(number + 1)) if more else "",
    }
    return render_page(
        request, "licensing/licenses.html", context, partial="licenses-list"
    )


@require_safe
def product(request: HtmxHttpRequest, product_id: uuid.UUID) -> HttpResponse:
    holding = holding_for(request, product_id)
    form = PeopleFilter(request.GET)
    page = licensed_people(
        purchaser=person(request),
        holding=holding,
        text=form.value("q"),
        after=form.value("after", None),
        before=form.value("before", None),
    )
    context = {
        "holding": holding,
        "sum": _sum(holding),
        "rows": page.rows,
        "q": form.value("q"),
        "page_text": "" if form.value("q") else _people_sentence(holding.assigned),
        "newer_url": page.newer
        and with_query(request, before=str(page.newer), after=None),
        "older_url": page.older
        and with_query(request, after=str(page.older), before=None),
    }
    return render_page(
        request, "licensing/product.html", context, partial="licensed-people"
    )


def _sum(holding: Holding) -> str:
    return ngettext(
        "%(assigned)d of %(total)d license assigned · %(free)d available",
        "%(assigned)d of %(total)d licenses assigned · %(free)d available",
        holding.quantity,
    ) % {
        "assigned": holding.assigned,
        "total": holding.quantity,
        "free": holding.available,
    }


def _people_sentence(count: int) -> str:
    return ngettext("%(count)d person", "%(count)d people", count) % {"count": count}
