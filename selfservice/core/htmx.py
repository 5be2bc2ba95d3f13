"""One template, two answers: the whole page, or the part that htmx asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django_htmx.http import (
    HttpResponseClientRedirect,
    push_url,
    trigger_client_event,
)
from django_htmx.middleware import HtmxDetails


class HtmxHttpRequest(HttpRequest):
    """What views get: `htmx` is set by django-htmx's middleware."""

    htmx: HtmxDetails


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part; when it restores the history it needs a page."""
    details = _details(request)
    return bool(details) and not (details and details.history_restore_request)


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    partial: str,
    status: int = 200,
) -> HttpResponse:
    """`template` as a page, or under htmx only its `partial`.

    The context gets `fragment`, true for the latter. A part that replaces the list
    (`#list`) takes its address into the browser's address bar. What was said with
    Django's messages follows out of band, unless the part shows it itself.
    """
    fragment = wants_fragment(request)
    name = f"{template}#{partial}" if fragment else template
    response = render(
        request, name, {**(context or {}), "fragment": fragment}, status=status
    )
    patch_vary_headers(response, ["HX-Request"])
    if not fragment:
        return response
    details = _details(request)
    if request.method == "GET" and details and details.target == "list":
        address = request.get_full_path()
        # Read again where one is: Back would lead to the same page.
        if details.current_url_abs_path != address:
            push_url(response, address)
    if not getattr(get_messages(request), "used", False):
        said = render_to_string("components/messages_oob.html", request=request)
        response.write(said)
    return response


def _details(request: HttpRequest) -> HtmxDetails | None:
    return getattr(request, "htmx", None)


def redirect_page(
    request: HttpRequest, to: Any, *args: Any, **kwargs: Any
) -> HttpResponse:
    """Send the browser to another page, also when htmx asked; `to` as in redirect()."""
    url = resolve_url(to, *args, **kwargs)
    if wants_fragment(request):
        return HttpResponseClientRedirect(url)
    return HttpResponseRedirect(url)


def close_pane(
    request: HttpRequest, to: Any, *args: Any, changed: str, **kwargs: Any
) -> HttpResponse:
    """The answer to a pane's form that is done, with a Django message said before.

    In the dialog: it closes, the message shows, and what listens to the event
    `changed` on the body ("licenses:changed") reads itself again. As a page: a
    redirect to `to`.
    """
    if not wants_fragment(request):
        return HttpResponseRedirect(resolve_url(to, *args, **kwargs))
    body = render_to_string("components/messages_oob.html", request=request)
    return trigger_client_event(HttpResponse(body), changed, {"target": "body"})
