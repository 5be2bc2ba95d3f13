"""The search in the header: every room answers for itself."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from selfservice.accounts.queries import SHORTEST_SEARCH
from selfservice.core import hooks
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.portal.forms import SearchForm

SHOWN_EACH = 5


@require_safe
def search(request: HtmxHttpRequest) -> HttpResponse:
    """What was found of one's own, and what can be bought; nothing for one letter."""
    text = SearchForm(request.GET).text
    enough = len(text) >= SHORTEST_SEARCH
    groups = _groups(request, text) if enough else []
    context = {
        "q": text,
        "short": bool(text) and not enough,
        "groups": groups,
        "count": sum(len(group.hits) for group in groups),
        "more": any(group.more for group in groups),
    }
    return render_page(request, "portal/search.html", context, partial="search-results")


def _groups(request: HtmxHttpRequest, text: str) -> list[hooks.HitGroup]:
    asked = hooks.SearchAsked(request, text, SHOWN_EACH)
    found = [group for group in hooks.search.send(asked) if group.hits]
    return sorted(found, key=lambda group: group.order)
