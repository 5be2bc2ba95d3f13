"""Confirm that it's you, at your organization's sign-in."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.utils import get_next_redirect_url
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from selfservice.accounts import confirming
from selfservice.accounts.requests import person


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Raises Http404 for whoever isn't linked to a provider."""
    user = person(request)
    if confirming.provider_of(user) is None:
        raise Http404
    next_url = get_next_redirect_url(request) or "/"
    if request.method == "POST":
        return confirming.ask(request, next_url)
    query = urlencode({"next": next_url})
    others = [
        {**method, "url": f"{method['url']}?{query}"}
        for method in get_adapter().get_reauthentication_methods(user)
        if method["id"] != confirming.ELSEWHERE
    ]
    context = {"next": next_url, "reauthentication_alternatives": others}
    return render(request, "account/confirm_elsewhere.html", context)
