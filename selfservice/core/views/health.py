"""What load balancers and monitors ask.

`core.middleware.MachinesMiddleware` answers them, before sessions, hosts and redirects.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.views.decorators.http import require_safe

from selfservice.core.watch import metrics, readiness


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers and the queue moves; 503 when one of them doesn't.

    Stripe's state, and whatever else is told, stands in the body only: sending people
    to another process would not mend it.
    """
    try:
        known = readiness.facts()
    except DatabaseError:
        return JsonResponse({"ready": False, "database": "down"}, status=503)
    ready = readiness.moves(known["queue"])
    body = {"ready": ready, "database": "up", **known}
    return JsonResponse(body, status=200 if ready else 503)


@login_not_required
@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """The numbers, for whoever shows the token; 404 when there is none."""
    if not metrics.on():
        return HttpResponseNotFound()
    shown = request.headers.get("Authorization", "")
    expected = f"Bearer {settings.METRICS_TOKEN}"
    if not secrets.compare_digest(shown.encode(), expected.encode()):
        return HttpResponse(
            status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'}
        )
    text, content_type = metrics.exposition()
    return HttpResponse(text, content_type=content_type)
