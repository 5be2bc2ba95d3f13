"""The signed-in person, read with the organization in one statement."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from allauth.account.adapter import get_adapter
from django.contrib.auth import logout
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from selfservice.activity.origin import Origin, acting
from selfservice.core.watch import logs


class PersonMiddleware:
    """Ends the session of somebody who may no longer sign in; sets their language.

    A stored choice of language wins over the browser's; dates are shown in the
    organization's time zone. What is logged meanwhile says who did it, from where.
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
        logs.tell_of(user=str(user.pk), organization=str(user.organization_id))
        if user.language:
            translation.activate(user.language)
            request.LANGUAGE_CODE = translation.get_language() or "en"
        origin = Origin(
            user.pk, user.display_name, user.email, lambda: address_of(request)
        )
        zone = ZoneInfo(user.organization.time_zone)
        with acting(origin), timezone.override(zone):
            return self.get_response(request)


def address_of(request: HttpRequest) -> str:
    """The network address that a request comes from; empty when that isn't known."""
    try:
        address: str = get_adapter(request).get_client_ip(request)
    except (PermissionDenied, ImproperlyConfigured):
        return ""
    return address
