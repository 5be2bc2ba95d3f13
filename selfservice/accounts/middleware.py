"""The signed-in person, read with the organization in one statement."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation


class PersonMiddleware:
    """Ends the session of somebody who may no longer sign in; sets their language.

    A stored choice of language wins over the browser's; dates are shown in the
    organization's time zone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        if not user.can_sign_in:
            logout(request)
            return self.get_response(request)
        if user.language:
            translation.activate(user.language)
            request.LANGUAGE_CODE = translation.get_language() or "en"
        with timezone.override(ZoneInfo(user.organization.time_zone)):
            return self.get_response(request)
