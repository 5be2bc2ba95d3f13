"""Where Stripe tells what happened."""

from __future__ import annotations

import logging

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing import gateway
from billing.services import inbox

log = logging.getLogger(__name__)

# Stripe's events are snapshots of one object; the largest invoices stay below this.
LARGEST_BODY = 1_500_000


@csrf_exempt
@login_not_required
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Store the event and answer; the worker does what it asks for.

    200 also for a double and for a type that nobody handles, or Stripe would send
    it again for days.
    """
    if int(request.headers.get("Content-Length") or 0) > LARGEST_BODY:
        log.warning("webhook refused: too large")
        return HttpResponse(status=413)
    try:
        hint = gateway.verify_event(
            request.body, request.headers.get("Stripe-Signature", "")
        )
    except gateway.NotFromStripe as error:
        log.warning("webhook refused: %s", error)
        return HttpResponse(status=400)
    new = inbox.receive(hint)
    log.info("webhook %s %s %s", hint.id, hint.type, "new" if new else "known")
    return HttpResponse()
