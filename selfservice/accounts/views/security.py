"""Sign-in and security: how somebody signs in, and where they are signed in."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import get_adapter as get_social_adapter
from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from selfservice.accounts.requests import person
from selfservice.activity.services import choices


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    user = person(request)
    kinds = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    context = {
        "has_app": Authenticator.Type.TOTP in kinds,
        "passkeys": kinds.count(Authenticator.Type.WEBAUTHN),
        "sessions": len(UserSession.objects.purge_and_list(user)),
        "has_calendar": bool(
            choices.choices_of(user.organization_id, user.pk).calendar_key
        ),
        "providers": get_social_adapter().list_providers(request),
    }
    return render(request, "accounts/security.html", context)


@require_safe
def no_address_page(request: HttpRequest) -> HttpResponse:
    return redirect("accounts:security")
