"""The page of the activity log, for whoever may see a part of it.

A room's view says which part (`Part`) and gives the rest to `activity_page`.
"""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from itertools import batched
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from selfservice.accounts.history import Line, Subjects, lines_of
from selfservice.accounts.history_export import head, raw, row
from selfservice.accounts.models import User
from selfservice.activity.forms import PERIODS, PORTAL, RANGE, ActivityFilter
from selfservice.activity.models import Activity
from selfservice.activity.queries import actors_in, find_entries, latest
from selfservice.activity.words import Group
from selfservice.core.csv_export import CHUNK, csv_response, in_chunks
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.lists import choices, with_query

# More of them would outweigh the list.
MENU_LENGTH = 30


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which entries of the reader's organization are shown, and under which head.

    `subject_ids` null means all of them. `up` leads back, as label and address.
    """

    reader: User
    title: str
    up: list[tuple[str, str]]
    subject_ids: list[uuid.UUID] | None
    subjects: Subjects | None = None
    using: str = "default"


def activity_page(request: HtmxHttpRequest, part: Part) -> HttpResponseBase:
    """The list with its filters, or all that it holds as a file."""
    form = ActivityFilter(request.GET)
    organization_id = part.reader.organization_id
    found = find_entries(organization_id, form.search(part.subject_ids), part.using)
    if form.value("export"):
        return _export(form.value("export"), found, part)
    entries, next_place = latest(found, form.value("after") or None)
    context = {
        **_filters(request, form, part),
        "part": part,
        "about": part.subjects is not None,
        "lines": _lines(entries, part),
        "next_url": with_query(request, after=str(next_place)) if next_place else "",
        "first_url": with_query(request) if form.value("after") else "",
    }
    return render_page(
        request, "activity/activity.html", context, partial="activity-list"
    )


def _lines(entries: list[Activity], part: Part) -> list[Line]:
    return lines_of(
        entries, part.reader, using=part.using, origins=True, subjects=part.subjects
    )


def _filters(
    request: HtmxHttpRequest, form: ActivityFilter, part: Part
) -> dict[str, Any]:
    names = ("who", "what", "period")
    chosen = {name: str(form.value(name)) for name in names}
    menu = partial(choices, request)
    all_ = [("", _("All"))]
    kept = {
        name: request.GET[name]
        for name in (*names, "start", "end")
        if name in request.GET
    }
    return {
        "form": form,
        "people": menu("who", [*all_, *_people(form, part)], chosen=chosen["who"]),
        "groups": menu("what", [*all_, *Group.choices], chosen=chosen["what"]),
        "periods": menu("period", PERIODS, chosen=chosen["period"]),
        "is_range": chosen["period"] == RANGE,
        "kept": {name: kept[name] for name in kept if name in ("who", "what")},
        "filtered": any(chosen.values()),
        "csv_url": with_query(request, export="csv"),
        "json_url": with_query(request, export="json"),
    }


def _people(form: ActivityFilter, part: Part) -> list[tuple[str, str]]:
    """Who did something lately; the chosen one is always there."""
    organization_id = part.reader.organization_id
    whole = ActivityFilter({}).search(part.subject_ids)
    lately = actors_in(find_entries(organization_id, whole))
    people = User.objects.using(part.using).filter(organization_id=organization_id)
    found = people.filter(pk__in=lately)
    if form.actor_id:
        found |= people.filter(pk=form.actor_id)
    named = found.order_by("display_name").values_list("pk", "display_name")
    shown = [(str(pk), name) for pk, name in named[:MENU_LENGTH]]
    return [*shown, (PORTAL, _("The portal"))]


def _export(kind: str, found: QuerySet[Activity], part: Part) -> HttpResponseBase:
    """Streamed, the oldest first, in the reader's language and time zone."""
    if kind == "csv":
        return csv_response("activity.csv", head(), _streamed(found, part, row))
    return StreamingHttpResponse(
        _json(_streamed(found, part, raw)),
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="activity.json"'},
    )


def _streamed[Made](
    found: QuerySet[Activity], part: Part, made: Callable[[Line], Made]
) -> Iterator[Made]:
    language, zone = translation.get_language(), timezone.get_current_timezone()

    def all_lines() -> Iterator[Made]:
        for entries in batched(in_chunks(found), CHUNK):
            # By then the request is over, and the thread speaks another language.
            with translation.override(language), timezone.override(zone):
                lines = [made(line) for line in _lines(list(entries), part)]
            yield from lines

    return all_lines()


def _json(lines: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield "["
    for number, line in enumerate(lines):
        yield (",\n" if number else "\n") + json.dumps(line, ensure_ascii=False)
    yield "\n]\n"
