"""Saying once more who one is, at the organization's own sign-in (OpenID Connect).

The provider is told to ask whatever it remembers (`prompt=login`, `max_age=0`), and
believed only when its token says that it did so after we asked (`auth_time`).
https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.internal.flows.login import (
    get_authentication_records,
    record_authentication,
)
from allauth.account.internal.flows.reauthentication import resume_request
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.base.constants import AuthProcess
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from selfservice.accounts.models import User
from selfservice.accounts.requests import person

# Under which our question goes along, on our side, until the provider answers.
ASKED = "confirms"
# What the provider's clock may be behind ours, in seconds.
LEEWAY = 60
ELSEWHERE = "organization"


def provider_of(user: User) -> Any:
    """The identity provider that this person is linked to; null for none."""
    account = SocialAccount.objects.filter(user=user).first()
    try:
        return account.get_provider() if account else None
    except SocialApp.DoesNotExist:
        # Configured once, and no longer.
        return None


def ask(request: HttpRequest, next_url: str) -> HttpResponse:
    """On to the provider, which must ask again, and from there to `next_url`."""
    user = person(request)
    provider = provider_of(user)
    answer: HttpResponse = provider.redirect(
        request,
        process=AuthProcess.REDIRECT,
        next_url=next_url,
        data={ASKED: str(user.pk), "at": time.time()},
        auth_params={
            **provider.get_auth_params(),
            "prompt": "login",
            "max_age": "0",
        },
    )
    return answer


def is_confirmation(sociallogin: Any) -> bool:
    return ASKED in (sociallogin.state.get("data") or {})


def confirm(request: HttpRequest, sociallogin: Any) -> HttpResponse:
    """What the provider said about whom we asked it; then what waited is done."""
    asked, next_url = sociallogin.state["data"], sociallogin.state.get("next") or "/"
    query = urlencode({"next": next_url})
    why = _why_not(request, sociallogin, asked)
    if why:
        messages.error(request, why)
        return HttpResponseRedirect(f"{reverse('accounts:confirm')}?{query}")
    record_authentication(request, person(request), ELSEWHERE, reauthenticated=True)
    # What waits is found by the address that it was asked for.
    request.GET = QueryDict(query)
    resumed: HttpResponse | None = resume_request(request)
    return resumed or HttpResponseRedirect(next_url)


def _why_not(request: HttpRequest, sociallogin: Any, asked: dict[str, Any]) -> str:
    user = request.user
    own = sociallogin.is_existing and sociallogin.user == user
    if not own or str(user.pk) != asked[ASKED]:
        return _(
            "That was somebody else's account. Confirm with the one that you are"
            " signed in with here."
        )
    told = _told(sociallogin)
    if told is None or told < asked["at"] - LEEWAY:
        return _(
            "Your organization's sign-in didn't say that it asked you again. Sign out"
            " and in again; whoever looks after it can have it tell when you signed in"
            " (auth_time)."
        )
    return ""


def _told(sociallogin: Any) -> float | None:
    """When the provider last asked this person; null when it doesn't say."""
    token = sociallogin.account.extra_data.get("id_token")
    told = token.get("auth_time") if isinstance(token, dict) else None
    return float(told) if isinstance(told, int | float) else None


def remember_when(request: Any, sociallogin: Any) -> None:
    """Whoever was let through unasked there hasn't just shown who they are."""
    told = _told(sociallogin)
    if told is not None:
        request.identified_at = min(told, time.time())


def did_just_confirm(request: HttpRequest) -> bool:
    """As the library says it about passwords."""
    return any(
        record["method"] == ELSEWHERE
        and time.time() - record["at"] < app_settings.REAUTHENTICATION_TIMEOUT
        for record in get_authentication_records(request, person(request))
    )
