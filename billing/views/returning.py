"""Where a page of billing leads when it is done: to whence it was opened."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def back_of(request: HttpRequest) -> str:
    """The page of the portal that it was opened from; empty for none."""
    back = request.GET.get("back", "")[:2000]
    ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if back.startswith("/") and ours else ""


def with_back(path: str, back: str) -> str:
    """`path`, which remembers whence it is opened; unchanged for nowhere."""
    if not back:
        return path
    return f"{path}{'&' if '?' in path else '?'}{urlencode({'back': back})}"


def back_context(request: HttpRequest) -> dict[str, str]:
    """For the panes about cards: where Close leads, and what their links take along.

    Without JavaScript a pane is a page; in the dialog neither is used.
    """
    back = back_of(request)
    return {
        "back_url": back or reverse("billing:payment_methods"),
        "back_query": with_back("", back),
        "back_more": f"&{urlencode({'back': back})}" if back else "",
    }
