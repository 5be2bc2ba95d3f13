"""Help & support."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.portal.faq import QUESTIONS


@require_safe
def help_page(request: HtmxHttpRequest) -> HttpResponse:
    context = {"questions": QUESTIONS, "support_address": settings.SUPPORT_ADDRESS}
    return render_page(request, "portal/help.html", context, partial="help-answers")
