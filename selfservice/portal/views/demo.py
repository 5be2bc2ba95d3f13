"""What only the demo's banner does: be somebody else, and move the time."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from selfservice.accounts.models import User
from selfservice.core.templatetags.ui import format_moment
from selfservice.portal.services import demo_clock

STEPS = {"1": 1, "7": 7, "31": 31, "366": 366}


@require_POST
@login_required
def continue_as(request: HttpRequest) -> HttpResponse:
    """Be another of the demo's people; only for somebody who has signed in."""
    wanted = request.POST.get("email", "")
    known = {person["email"] for person in settings.DEMO_PEOPLE}
    person = User.objects.filter(email=wanted, is_active=True).first()
    if wanted not in known or person is None:
        raise Http404
    login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return redirect("portal:home")


@require_POST
@login_required
def move_clock(request: HttpRequest) -> HttpResponse:
    """Let days pass, for the sandbox and the portal together."""
    days = STEPS.get(request.POST.get("days", ""))
    if days is None:
        raise Http404
    try:
        now = demo_clock.move(dt.timedelta(days=days))
    except demo_clock.ClockNotMoved as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _("It is %(moment)s now. Renewals and emails follow in a moment.")
            % {"moment": format_moment(now)},
        )
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    asked = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(asked, {request.get_host()})
    return asked if safe else "/"


urlpatterns = [
    path("demo/continue-as/", continue_as, name="continue_as"),
    path("demo/clock/", move_clock, name="move_clock"),
]
