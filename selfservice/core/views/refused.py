"""The page of somebody who has no access, with the reason if there is one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from selfservice.core.errors import NoAccess


def no_access(request: HttpRequest, exception: Exception) -> HttpResponse:
    why = exception.sentence if isinstance(exception, NoAccess) else ""
    return render(request, "403.html", {"why": why}, status=403)
