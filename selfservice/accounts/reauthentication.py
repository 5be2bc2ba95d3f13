"""Before money moves: who signed in long ago says once more who they are.

    @recent_sign_in
    def checkout(request, …)

A POST of somebody whose last sign-in is older than `MONEY_ASKS_AGAIN_AFTER` is kept
with the session, and done once they have confirmed, with everything that was typed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.account.utils import get_next_redirect_url
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import resolve
from django.utils.http import urlencode

from selfservice.accounts.requests import person
from selfservice.core.htmx import redirect_page

SIGNED_IN_AT = "signed_in_at"
# After so many seconds nobody means any more what they pressed then.
KEPT_FOR = 15 * 60
# More than any of these forms can hold.
LARGEST_FORM = 50_000

type View[**P] = Callable[Concatenate[HttpRequest, P], HttpResponse]


def recent_sign_in[**P](view: Callable[Concatenate[Any, P], HttpResponse]) -> View[P]:
    """Let a POST through only soon after its person has shown who they are."""

    @wraps(view)
    def asked(
        request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        if request.method != "POST" or is_recent(request):
            return view(request, *args, **kwargs)
        return ask_again(request)

    return asked


def is_recent(request: HttpRequest) -> bool:
    """Whether this person signed in, or confirmed it, not too long ago.

    Whoever has nothing that they could be asked for (no password, no provider any
    more) is let through: they could do nothing else than sign in again.
    """
    if signed_in_lately(request):
        return True
    return not get_adapter().get_reauthentication_methods(request.user)


def signed_in_lately(request: HttpRequest) -> bool:
    """Whether this person has shown who they are not too long ago; the session says."""
    times = [request.session.get(SIGNED_IN_AT, 0), *_records(request)]
    return bool(time.time() - max(times) < settings.MONEY_ASKS_AGAIN_AFTER)


def _records(request: HttpRequest) -> list[float]:
    """When they showed who they are. By an identity provider: as that one says."""
    return [
        each["at"]
        for each in get_authentication_records(request, person(request))
        if each["method"] != "socialaccount"
    ]


def ask_again(request: HttpRequest) -> HttpResponse:
    """On to the page that asks, and from there back to what was pressed."""
    typed = request.POST.copy()
    typed.pop("csrfmiddlewaretoken", None)
    form = typed.urlencode()
    if len(form) <= LARGEST_FORM:
        request.session[STATE_SESSION_KEY] = {
            "callback": f"{__name__}.{go_on.__name__}",
            "state": {
                "path": request.path,
                "query": request.GET.urlencode(),
                "form": form,
                "at": time.time(),
            },
        }
    first = get_adapter().get_reauthentication_methods(request.user)[0]
    return redirect_page(request, f"{first['url']}?{urlencode({'next': request.path})}")


def go_on(request: HttpRequest, state: dict[str, Any]) -> HttpResponse:
    """Do what was pressed, now that it is known who asks.

    Only when it is what they were asked about just now: a form that was kept and
    then left must not be sent when somebody changes their password.
    """
    path = state["path"]
    wanted = get_next_redirect_url(request) or "/"
    if wanted != path or time.time() - state["at"] > KEPT_FOR:
        return HttpResponseRedirect(wanted)
    found = resolve(path)
    request.path = request.path_info = path
    request.resolver_match = found
    request.GET = QueryDict(state["query"])
    request.POST = QueryDict(state["form"])
    # An identity provider sends people back by GET.
    request.method = "POST"
    response: HttpResponse = found.func(request, *found.args, **found.kwargs)
    return response


def remember_sign_in(sender: Any, request: HttpRequest, **given: Any) -> None:
    """However somebody signed in: Django's signal is the one place that knows."""
    request.session[SIGNED_IN_AT] = getattr(request, "identified_at", time.time())


def register() -> None:
    user_logged_in.connect(remember_sign_in, dispatch_uid="accounts.signed_in_at")
