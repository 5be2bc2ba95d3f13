"""What every page has to do with Stripe."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from billing import gateway


class ReaderMiddleware:
    """Whoever only looks at a page is told soon that Stripe doesn't answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in {"GET", "HEAD"}:
            return self.get_response(request)
        with gateway.in_a_hurry():
            return self.get_response(request)
