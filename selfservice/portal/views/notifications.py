"""Billing notifications: which mails somebody gets, when, and who else does."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from billing.account_forms import InvoiceMailForm
from billing.models import BillingProfile
from billing.queries import profiles_of
from billing.services.profile_changes import choose_invoice_mail
from selfservice.accounts.models import User
from selfservice.accounts.reauthentication import recent_sign_in
from selfservice.accounts.requests import person
from selfservice.activity.models import InvoiceMail
from selfservice.activity.services import choices
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.lists import with_query
from selfservice.portal import notifications as told
from selfservice.portal.forms import MailsForm, lead_times_typed, page_asked
from selfservice.portal.services.erasing import is_erased

PAGE = "portal:notifications"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def notifications(request: HtmxHttpRequest) -> HttpResponse:
    user = person(request)
    if request.method != "POST":
        return _show(request, user)
    sections = {
        "mails": _save_mails,
        "times": _save_times,
        "invoices": _save_invoices,
        "calendar": _save_calendar,
    }
    save = sections.get(request.POST.get("section", ""))
    if save is None:
        raise Http404
    return save(request, user)


def _save_mails(request: HtmxHttpRequest, user: User) -> HttpResponse:
    form = MailsForm(request.POST)
    if not form.is_valid():
        raise Http404
    choices.choose(
        organization_id=user.organization_id,
        person_id=user.pk,
        off=form.off,
        digest=form.cleaned_data["digest"],
    )
    return _saved(request)


def _save_times(request: HtmxHttpRequest, user: User) -> HttpResponse:
    choices.set_lead_times(
        organization_id=user.organization_id,
        person_id=user.pk,
        days=told.as_kept(user, lead_times_typed(request.POST)),
    )
    return _saved(request)


@recent_sign_in
def _save_invoices(request: HtmxHttpRequest, user: User) -> HttpResponse:
    profile = next(
        (p for p in profiles_of(user) if str(p.pk) == request.POST.get("profile")), None
    )
    if profile is None:
        raise Http404
    form = InvoiceMailForm(request.POST, auto_id=_auto_id(profile))
    if not form.is_valid():
        return _show(request, user, refused=(profile, form), status=422)
    choose_invoice_mail(profile=profile, actor=user, **form.cleaned_data)
    return _saved(request)


# The address is a key that works without signing in: nobody makes one in passing.
@recent_sign_in
def _save_calendar(request: HtmxHttpRequest, user: User) -> HttpResponse:
    if request.POST.get("calendar") == "off":
        choices.stop_calendars(user.organization_id, [user.pk])
        messages.success(request, _("The calendar's address doesn't work any more."))
    else:
        choices.renew_calendar(user.organization_id, user.pk)
        messages.success(
            request, _("Your calendar has a new address; one of before doesn't work.")
        )
    return redirect(reverse(PAGE) + "#calendar")


def _saved(request: HtmxHttpRequest) -> HttpResponse:
    messages.success(request, _("Saved."))
    return redirect(request.get_full_path())


def _show(
    request: HtmxHttpRequest,
    user: User,
    *,
    refused: tuple[BillingProfile, InvoiceMailForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    mine = choices.choices_of(user.organization_id, user.pk)
    page = page_asked(request.GET)
    rows, more = told.rows_of(user, page)
    profiles = profiles_of(user)
    context: dict[str, Any] = {
        "kinds": told.kinds_for(mine.off, buys=bool(profiles)),
        "digest": mine.digest,
        "rows": rows,
        "previous_url": with_query(request, page=str(page - 1)) if page > 1 else "",
        "next_url": with_query(request, page=str(page + 1)) if more else "",
        "invoices": [
            (profile, _form(profile, row, refused))
            for profile, row in told.invoice_mails(profiles)
        ],
        "calendar_url": _calendar_url(user, mine.calendar_key),
    }
    return render_page(
        request,
        "portal/notifications.html",
        context,
        partial="notifications",
        status=status,
    )


def _form(
    profile: BillingProfile,
    row: InvoiceMail,
    refused: tuple[BillingProfile, InvoiceMailForm] | None,
) -> InvoiceMailForm:
    if refused and refused[0].pk == profile.pk:
        return refused[1]
    initial = {
        "wanted": row.wanted,
        "attach_pdf": row.attach_pdf,
        "recipients": ", ".join(row.recipients),
    }
    return InvoiceMailForm(initial=initial, auto_id=_auto_id(profile))


def _auto_id(profile: BillingProfile) -> str:
    return f"id_{profile.pk}_%s"


def _calendar_url(user: User, key: str) -> str:
    if not key:
        return ""
    path = reverse("portal:calendar", args=[user.organization_id, key])
    return settings.PORTAL_BASE_URL.rstrip("/") + path


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """No more of one kind of mail, for whoever has it: nobody needs to sign in.

    GET changes nothing, because mail scanners follow links; a mail program's own
    button posts (RFC 8058). The signed address is what a forged form can't have.
    """
    try:
        organization_id, person_id, kind = choices.read_token(token)
    except (BadSignature, ValueError, TypeError):
        raise Http404 from None
    done = request.method == "POST"
    # An old mail of somebody erased: they get none, and nothing is kept of them.
    if done and not is_erased(organization_id, person_id):
        choices.turn_off(organization_id, person_id, kind)
    about = choices.optional.get(kind)
    context = {"done": done, "label": about.label if about else _("All reminders")}
    return render(request, "portal/unsubscribe.html", context)
