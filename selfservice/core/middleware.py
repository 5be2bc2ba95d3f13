"""Around every request: the machines' pages, its id, its log line, its metrics."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from selfservice.core.views import health
from selfservice.core.watch import logs, metrics

log = logging.getLogger("selfservice.requests")

# A proxy may name the request; anything else than an id would end up in the log.
_GIVEN_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
type Respond = Callable[[HttpRequest], HttpResponse]


class MachinesMiddleware:
    """Answers probes before anything asks which host or whom they want.

    They come from the machine itself, over plain HTTP, by its address.
    """

    PAGES: dict[str, Respond] = {
        "/healthz": health.healthz,
        "/readyz": health.readyz,
        "/metrics": health.metrics_page,
    }

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.PAGES.get(request.path_info, self.get_response)(request)


class WithFacts(HttpRequest):
    """A request that carries what its log lines say (`watch.logs`)."""

    log_facts: dict[str, Any]


class RequestMiddleware:
    """Gives the request an id, which its log lines and its answer carry."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: WithFacts) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        began = time.perf_counter()
        with logs.about(request=request_id) as facts:
            request.log_facts = facts
            response = self.get_response(request)
            _tell(request, response, time.perf_counter() - began)
        response.headers["X-Request-ID"] = request_id
        return response


def _tell(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    # The pattern, not the path: paths hold keys, and there are endlessly many.
    route = request.resolver_match.route if request.resolver_match else "(none)"
    method = request.method if request.method in _METHODS else "(other)"
    metrics.request_answered(
        method=method, route=route, status=response.status_code, seconds=seconds
    )
    log.info(
        "request answered",
        extra={
            "method": method,
            "route": route,
            "status": response.status_code,
            "ms": round(seconds * 1000, 1),
        },
    )
