"""A form that was sent after the session had ended: kept, and sent after signing in.

Nobody is signed in when it arrives, so nothing is done with it. It is kept with the
session, and whoever comes back is asked whether to send it now. A signed cookie says
whose it was: it is never shown to somebody else who signs in at the same browser.
"""

from __future__ import annotations

import time
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    QueryDict,
)
from django.shortcuts import render

from selfservice.core.htmx import wants_fragment

UNSENT = "unsent"
COOKIE = "person"
KEPT_FOR = 15 * 60
# More than any form of the portal can hold.
LARGEST = 50_000


class SignInMiddleware(LoginRequiredMiddleware):
    """Sends whoever isn't signed in to do so, and gives back what they had sent."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        user = request.user
        if user.is_authenticated and _person_of(request) != str(user.pk):
            response.set_signed_cookie(
                COOKIE,
                str(user.pk),
                secure=request.is_secure(),
                httponly=True,
                samesite="Lax",
            )
        return response

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        if request.user.is_authenticated and request.method == "GET":
            kept = _kept_for(request)
            if kept:
                return _ask(request, QueryDict(kept["form"]))
        answer: HttpResponseBase | None = super().process_view(
            request, view_func, view_args, view_kwargs
        )
        return answer

    def handle_no_permission(
        self, request: HttpRequest, view_func: Any
    ) -> HttpResponseRedirect:
        if request.method == "POST":
            _keep(request)
        return super().handle_no_permission(request, view_func)


def _person_of(request: HttpRequest) -> str:
    """Who signed in last at this browser; empty when that isn't known."""
    return str(request.get_signed_cookie(COOKIE, default=""))


def _keep(request: HttpRequest) -> None:
    typed = request.POST.copy()
    typed.pop("csrfmiddlewaretoken", None)
    form, person = typed.urlencode(), _person_of(request)
    if person and not request.FILES and len(form) <= LARGEST:
        request.session[UNSENT] = {
            "path": request.get_full_path(),
            "form": form,
            "person": person,
            "at": time.time(),
        }


def _kept_for(request: HttpRequest) -> dict[str, Any] | None:
    """What this person had sent to this address; taken out, so that it's asked once."""
    kept = request.session.get(UNSENT)
    if not kept or kept["path"] != request.get_full_path() or wants_fragment(request):
        return None
    del request.session[UNSENT]
    own = kept["person"] == str(request.user.pk)
    return kept if own and time.time() - kept["at"] < KEPT_FOR else None


def _ask(request: HttpRequest, typed: QueryDict) -> HttpResponse:
    fields = [(name, value) for name, values in typed.lists() for value in values]
    context = {"fields": fields, "address": request.get_full_path()}
    return render(request, "accounts/unsent.html", context)
