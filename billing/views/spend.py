"""Spend of twelve months: a page, and a part of Home and of Bills & payments."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from billing.spend import spend_of
from selfservice.accounts.requests import person
from selfservice.core.htmx import HtmxHttpRequest, render_page


@require_safe
def spend(request: HtmxHttpRequest) -> HttpResponse:
    context = {"spends": spend_of(person(request))}
    return render_page(request, "billing/spend.html", context, partial="spend")
