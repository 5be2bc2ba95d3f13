"""Spend of twelve months by product, of the whole organization. Read-only."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from billing.spend import spend_in
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.oversight.access import overseer
from selfservice.oversight.queries import invoices_of


@require_safe
def spend(request: HtmxHttpRequest) -> HttpResponse:
    reader = overseer(request)
    found = invoices_of(reader.organization_id)
    context = {"spends": spend_in(found, reader.organization.time_zone)}
    return render_page(
        request, "oversight/spend.html", context, partial="oversight-spend"
    )
