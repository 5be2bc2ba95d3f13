"""The demo's mailbox: what would have been sent, for whoever looks at the demo."""

from __future__ import annotations

import mimetypes
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.urls import path, reverse
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.lists import Choice, choices
from selfservice.portal.services import mailbox
from selfservice.portal.services.mailbox import Found

SHOWN = 50
HTML, PLAIN, SOURCE = "html", "plain", "source"
_PAGE_CSP: dict[str, list[str]] = {**settings.SECURE_CSP, "frame-src": [CSP.SELF]}
# The frame of one mail shows it as a mail program would: no script, nothing fetched.
_MAIL_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": ["data:"],
    "frame-ancestors": [CSP.SELF],
}


@csp_override(_PAGE_CSP)
@never_cache
@login_not_required
@require_safe
def mails(request: HtmxHttpRequest) -> HttpResponse:
    """All of them, and the newest beside; somebody who can't sign in waits for one."""
    return _show(request, None)


@csp_override(_PAGE_CSP)
@never_cache
@login_not_required
@require_safe
def mail(request: HtmxHttpRequest, name: str) -> HttpResponse:
    return _show(request, _named(name))


def _show(request: HtmxHttpRequest, chosen: Found | None) -> HttpResponse:
    found = mailbox.newest()
    people = sorted({each.to for each in found})
    to = request.GET.get("to", "")
    shown = [each for each in found if to in ("", each.to)]
    open_one = chosen or (shown[0] if shown else None)
    form = request.GET.get("as", HTML)
    context: dict[str, Any] = {
        "mails": shown[:SHOWN],
        "more": len(shown) - len(shown[:SHOWN]),
        "people": choices(
            request,
            "to",
            [("", _("Everybody")), *((each, each) for each in people)],
            chosen=to,
        ),
        "mail": open_one,
        "chosen": chosen is not None,
        "form": form,
        "tabs": _tabs(request, open_one, form) if open_one else [],
        "query": request.GET.urlencode(),
    }
    return render_page(request, "portal/mailbox.html", context, partial="mailbox")


def _tabs(request: HtmxHttpRequest, mail: Found, form: str) -> list[Choice]:
    here = reverse("portal:mail", args=[mail.name])
    query = request.GET.copy()
    tabs = []
    for name, label in (
        (HTML, "HTML"),
        (PLAIN, _("Plain text")),
        (SOURCE, _("Source")),
    ):
        query["as"] = name
        tabs.append(Choice(label, f"{here}?{query.urlencode()}", name == form))
    return tabs


@csp_override(_MAIL_CSP)
@xframe_options_sameorigin
@never_cache
@login_not_required
@require_safe
def mail_html(request: HtmxHttpRequest, name: str) -> HttpResponse:
    """One mail alone; its links open in the page around it."""
    html = _named(name).html
    return HttpResponse(html.replace("<head>", '<head><base target="_top">', 1))


@never_cache
@login_not_required
@require_safe
def mail_file(request: HtmxHttpRequest, name: str, place: int) -> HttpResponse:
    parts = list(_named(name).message.iter_attachments())
    if place >= len(parts):
        raise Http404
    file = parts[place].get_filename() or "file"
    kind = mimetypes.guess_type(file)[0] or "application/octet-stream"
    return HttpResponse(
        parts[place].get_payload(decode=True),
        content_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )


def _named(name: str) -> Found:
    found = mailbox.mail_named(name)
    if found is None:
        raise Http404
    return found


urlpatterns = [
    path("demo/mailbox/", mails, name="mailbox"),
    path("demo/mailbox/<str:name>/", mail, name="mail"),
    path("demo/mailbox/<str:name>/html/", mail_html, name="mail_html"),
    path("demo/mailbox/<str:name>/files/<int:place>/", mail_file, name="mail_file"),
]
