"""What lists share: choices that are links, and the words beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import Promise

# Where in a list a page begins.
_PLACES = frozenset({"page", "after", "before"})


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """One value that a list can be filtered by, or one tab: a link."""

    label: str | Promise
    url: str
    current: bool = False


def beside(row: Model, name: str) -> Any:
    """What a queryset put beside the columns of a row: an annotation."""
    return getattr(row, name)


def with_query(request: HttpRequest, **changes: str | None) -> str:
    """This page's query with `changes` (None removes), and from its first page on."""
    # Plain dicts, for a list has dozens of links: Django's copies itself deeply.
    query = {
        name: values for name, values in request.GET.lists() if name not in _PLACES
    }
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = [value]
    return f"?{urlencode(query, doseq=True)}" if query else request.path


def choices(
    request: HttpRequest,
    name: str,
    values: Iterable[tuple[str, str | Promise]],
    *,
    chosen: str,
) -> list[Choice]:
    """The filter `name` as links; the value "" stands for no filter."""
    return [
        Choice(label, with_query(request, **{name: value or None}), value == chosen)
        for value, label in values
    ]
