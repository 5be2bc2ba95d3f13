"""My licenses: what somebody was given."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from licensing.queries import own_licenses
from selfservice.accounts.requests import person
from selfservice.core import clock
from selfservice.core.htmx import HtmxHttpRequest, render_page


@require_safe
def my_licenses(request: HtmxHttpRequest) -> HttpResponse:
    licenses, gone = own_licenses(person(request), clock.now())
    context = {"licenses": licenses, "gone": gone}
    return render_page(
        request, "licensing/my_licenses.html", context, partial="my-licenses"
    )
