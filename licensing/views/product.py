"""A product's licensed people, as a list and as a file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
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
from licensing.people import (
    MOST_AT_ONCE,
    PeoplePage,
    departments,
    matching,
    people_page,
)
from licensing.queries import Holding, named_contracts
from licensing.views.access import holding_for
from selfservice.accounts.models import User
from selfservice.accounts.requests import person
from selfservice.core.csv_export import csv_response, in_chunks
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.lists import with_query
from selfservice.core.numbers import Grouped
from selfservice.core.templatetags.ui import format_day, format_moment


@require_safe
def product(request: HtmxHttpRequest, product_id: uuid.UUID) -> HttpResponse:
    owner, holding = person(request), holding_for(request, product_id)
    form = PeopleFilter(request.GET)
    search, sort = form.search, form.value("sort", "-since")
    page = _page(owner, holding, form)
    total, many = page.total, search.narrows and page.total > MOST_AT_ONCE
    # Unless there is only one, it is said which one a license is of.
    several = len(holding.usable) > 1
    subscriptions = _named_contracts(owner, holding) if several else []
    names = {key: name for key, _plan, _when, name in subscriptions}
    context = {
        "holding": holding,
        "sum": _sum(holding),
        "rows": list(_rows(page.rows, owner, names)),
        "q": search.text,
        "search": search,
        "sort": sort,
        "total": total,
        "kept": form.kept,
        "export_url": _export_url(holding, form),
        "takes_all": not many and (page.previous or page.next),
        "page_text": _people_sentence(total, many=many),
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


def _export_url(holding: Holding, form: PeopleFilter) -> str:
    page = reverse("licensing:export", args=[holding.pk])
    return f"{page}?{urlencode(form.kept)}"


def _page(owner: User, holding: Holding, form: PeopleFilter) -> PeoplePage:
    """The page that was asked for; the first where nobody is there any more."""
    search, sort = form.search, form.value("sort", "-since")
    after, before = form.value("after", None), form.value("before", None)
    page = people_page(owner, holding, search, sort=sort, after=after, before=before)
    if page.rows or not (after or before):
        return page
    return people_page(owner, holding, search, sort=sort)


def _rows(
    assignments: list[LicenseAssignment], owner: User, names: dict[uuid.UUID, str]
) -> Iterator[tuple[LicenseAssignment, str, str]]:
    """Each with its subscription and who assigned it, in words."""
    by: dict[uuid.UUID | None, str] = {owner.pk: _("by you")}
    for row in assignments:
        key = row.assigned_by_id
        if key not in by:
            giver = row.assigned_by
            by[key] = (
                _("by %(name)s") % {"name": giver.display_name}
                if giver
                else _("Automatically")
            )
        yield row, names.get(row.subscription_id, ""), by[key]


@require_safe
def export(request: HtmxHttpRequest, product_id: uuid.UUID) -> HttpResponseBase:
    """Everybody whom the list's filters leave, not only a page of them."""
    owner, holding = person(request), holding_for(request, product_id)
    found = matching(owner, holding, PeopleFilter(request.GET).search)
    head = [
        _("Name"),
        _("Email"),
        _("Department"),
        _("Assigned on"),
        _("Assigned by"),
        _("Subscription"),
    ]
    bought = _named_contracts(owner, holding)
    names = {key: f"{plan}, {when}" for key, plan, when, _name in bought}
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
    owner: User, holding: Holding
) -> list[tuple[uuid.UUID, str, str, str]]:
    """The subscriptions that people have licenses of: plan, when it was ordered, and
    what tells it apart in a row, which is short.

    Days become moments where two are of the same one.
    """
    found = named_contracts(owner, holding)
    days, plans, moments = (
        [format_day(at) for _key, _plan, at in found],
        [plan for _key, plan, _at in found],
        [format_moment(at) for _key, _plan, at in found],
    )
    when = days if _differ([*zip(plans, days, strict=True)]) else moments
    rows = next((names for names in (days, plans) if _differ(names)), moments)
    keys = [key for key, _plan, _at in found]
    return list(zip(keys, plans, when, rows, strict=True))


def _differ(names: Sequence[object]) -> bool:
    return len(set(names)) == len(names)


def _sum(holding: Holding) -> str:
    return ngettext(
        "%(assigned)s of %(total)s license assigned · %(free)s available",
        "%(assigned)s of %(total)s licenses assigned · %(free)s available",
        holding.quantity,
    ) % {
        "assigned": Grouped(holding.assigned),
        "total": Grouped(holding.quantity),
        "free": Grouped(holding.available),
    }


def _people_sentence(count: int, *, many: bool) -> str:
    if many:
        return _("More than %(most)s people") % {"most": Grouped(MOST_AT_ONCE)}
    return ngettext("%(count)s person", "%(count)s people", count) % {
        "count": Grouped(count)
    }
