"""The calendar that a calendar program reads, at an address that is its only key."""

from __future__ import annotations

import uuid
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from selfservice.accounts.models import User
from selfservice.activity.services import choices
from selfservice.portal.calendar import feed


@login_not_required
@require_safe
def calendar(
    request: HttpRequest, organization_id: uuid.UUID, key: str
) -> HttpResponse:
    owner_id = choices.calendar_owner(organization_id, key)
    if owner_id is None:
        raise Http404
    owner = (
        User.objects.select_related("organization")
        .filter(organization_id=organization_id, pk=owner_id)
        .first()
    )
    if owner is None or not owner.can_sign_in:
        raise Http404
    zone = ZoneInfo(owner.organization.time_zone)
    language = owner.language or settings.LANGUAGE_CODE
    with translation.override(language), timezone.override(zone):
        content = feed(owner)
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="billing.ics"'
    response["Cache-Control"] = "private, max-age=3600"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
