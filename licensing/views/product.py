"""A product's licensed people, as a list and as a file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from licensing.forms import PeopleFilter
from licensing.models import LicenseAssignment
from licensing.people import departments, matching, people_page
from licensing.queries import Holding, contracts
from licensing.views.access import holding_for
from selfservice.accounts.models import User
from selfservice.accounts.requests import person
from selfservice.core.csv_export import csv_response, in_chunks
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.lists import with_query
from selfservice.core.templatetags.ui import format_day


@require_safe
def product(request: HtmxHttpRequest, product_id: uuid.UUID) -> HttpResponse:
    owner, holding = person(request), holding_for(request, product_id)
    form = PeopleFilter(request.GET)
    search, sort = form.search, form.value("sort", "-since")
    found = matching(owner, holding, search)
    page = people_page(
        found,
        owner.organization_id,
        sort=sort,
        after=form.value("after", None),
        before=form.value("before", None),
    )
    total = len(page.rows)
    if page.previous or page.next:
        total = found.count() if search.narrows else holding.assigned
    subscriptions = _named_contracts(owner, holding)
    # Rows are short: in them the day says which one.
    names = {key: day for key, _plan, day in subscriptions}
    export_url = reverse("licensing:export", args=[product_id])
    context = {
        "holding": holding,
        "sum": _sum(holding),
        "rows": [(row, names.get(row.subscription_id, "")) for row in page.rows],
        "q": search.text,
        "search": search,
        "sort": sort,
        "total": total,
        "kept": form.kept,
        "export_url": f"{export_url}?{urlencode(form.kept)}",
        "page_text": _people_sentence(total),
        "newer_url": page.previous
        and with_query(request, before=str(page.previous), after=None),
        "older_url": page.next
        and with_query(request, after=str(page.next), before=None),
        "departments": departments(owner.organization_id),
        "days": PeopleFilter.DAYS,
        "subscriptions": subscriptions,
    }
    return render_page(
        request, "licensing/product.html", context, partial="licensed-people"
    )


@require_safe
def export(request: HtmxHttpRequest, product_id: uuid.UUID) -> HttpResponseBase:
    """Everybody whom the list's filters leave, not only a page of them."""
    owner, holding = person(request), holding_for(request, product_id)
    found = matching(owner, holding, PeopleFilter(request.GET).search)
    head = [
        _("Name"),
        _("E-mail"),
        _("Department"),
        _("Assigned on"),
        _("Assigned by"),
        _("Subscription"),
    ]
    bought = _named_contracts(owner, holding, always=True)
    names = {key: f"{plan}, {day}" for key, plan, day in bought}
    return csv_response(f"licenses-{holding.slug}.csv", head, _lines(found, names))


def _lines(
    found: QuerySet[LicenseAssignment], names: dict[uuid.UUID, str]
) -> Iterator[tuple[str, ...]]:
    for row in in_chunks(found.select_related("user", "assigned_by")):
        yield (
            row.user.display_name,
            row.user.email,
            row.user.department,
            f"{timezone.localtime(row.assigned_at):%Y-%m-%d}",
            row.assigned_by.display_name if row.assigned_by else "",
            names.get(row.subscription_id, ""),
        )


def _named_contracts(
    owner: User, holding: Holding, *, always: bool = False
) -> list[tuple[uuid.UUID, str, str]]:
    """The subscriptions that people have licenses of, unless there is only one."""
    if len(holding.usable) < 2 and not always:
        return []
    found = contracts(owner, holding.pk).filter(pk__in=holding.usable)
    return [
        (s.pk, str(s.plan), format_day(s.ordered_at))
        for s in found.select_related("plan").order_by("pk")
    ]


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
