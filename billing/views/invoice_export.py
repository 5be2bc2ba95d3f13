"""Export of the filtered invoices: as CSV at once, their PDFs as ZIP by the worker."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from babel.numbers import format_decimal
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from billing.forms import InvoiceFilter
from billing.models import Invoice, InvoiceArchive
from billing.queries import find_invoices
from billing.services import archives
from billing.views.invoices import search_of
from billing.wording import status_badge
from selfservice.accounts.requests import person
from selfservice.core import clock
from selfservice.core.csv_export import csv_response, in_chunks
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest, redirect_page, render_page
from selfservice.core.money import Money, babel_locale, precision


@require_safe
def invoices_csv(request: HtmxHttpRequest) -> HttpResponseBase:
    found = _found(request)
    if found is None:
        return _back(request)
    return csv_response("invoices.csv", _head(), _rows(found))


@require_POST
def invoices_zip(request: HtmxHttpRequest) -> HttpResponse:
    """Ask for it, and on to the page that tells how far it is."""
    found = _found(request)
    if found is None:
        return _back(request)
    try:
        archive = archives.ask_for(found, person(request))
    except DomainError as error:
        messages.error(request, str(error))
        return _back(request)
    return redirect_page(request, "billing:archive", archive.pk)


@never_cache
@require_safe
def archive(request: HtmxHttpRequest, archive_id: uuid.UUID) -> HttpResponse:
    asked = _archive_or_404(request, archive_id)
    files, missing = archives.progress(asked)
    context = {
        "archive": asked,
        "files": files,
        "missing": missing,
        "done": files + missing,
        "total": len(asked.wanted),
        "waiting": asked.finished_at is None,
    }
    return render_page(request, "billing/archive.html", context, partial="gathering")


@never_cache
@require_safe
def archive_zip(request: HtmxHttpRequest, archive_id: uuid.UUID) -> HttpResponseBase:
    asked = _archive_or_404(request, archive_id)
    if asked.finished_at is None:
        return redirect("billing:archive", asked.pk)
    return StreamingHttpResponse(
        archives.zipped(asked),
        content_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="invoices.zip"'},
    )


def _archive_or_404(request: HtmxHttpRequest, archive_id: uuid.UUID) -> InvoiceArchive:
    """The reader's own, until it expires. Raises Http404."""
    reader = person(request)
    found = InvoiceArchive.objects.filter(
        organization_id=reader.organization_id,
        purchaser=reader,
        pk=archive_id,
        expires_at__gt=clock.now(),
    ).first()
    if found is None:
        raise Http404
    return found


def _found(request: HtmxHttpRequest) -> QuerySet[Invoice] | None:
    """What the list shows, all of it; null for dates that make no sense."""
    reader = person(request)
    zone = reader.organization.time_zone
    form = InvoiceFilter(request.GET, today=clock.today_in(zone))
    if form.refused:
        return None
    return find_invoices(reader, search_of(form, zone))


def _back(request: HtmxHttpRequest) -> HttpResponse:
    """To the list, which says what is wrong."""
    url = reverse("billing:invoices")
    return redirect_page(request, f"{url}?{request.GET.urlencode()}")


def _head() -> list[str]:
    return [
        _("Invoice number"),
        _("Invoice date"),
        _("Billing profile"),
        _("Description"),
        _("Status"),
        _("Subtotal"),
        _("Tax"),
        _("Total"),
        _("Paid"),
        _("Given back"),
        _("Amount due"),
        _("Currency"),
        _("Due date"),
        _("PO number"),
    ]


def _rows(found: QuerySet[Invoice]) -> Iterator[list[object]]:
    language, zone = translation.get_language(), timezone.get_current_timezone()
    wanted = found.defer("sold_to", "bill_to")

    def rows() -> Iterator[list[object]]:
        for invoice in in_chunks(wanted):
            # By then the request is over, and the thread speaks another language.
            with translation.override(language), timezone.override(zone):
                cells = _cells(invoice)
            yield cells

    return rows()


def _cells(invoice: Invoice) -> list[object]:
    return [
        invoice.number,
        timezone.localdate(invoice.finalized_at),
        invoice.profile_name,
        invoice.title,
        status_badge(invoice)[1],
        _number(invoice.subtotal),
        _number(invoice.tax),
        _number(invoice.total),
        _number(Money(invoice.paid_minor, invoice.currency)),
        _number(invoice.refunded),
        _number(invoice.amount_due),
        invoice.currency,
        timezone.localdate(invoice.due_at),
        invoice.po_number,
    ]


def _number(money: Money) -> str:
    """Without its currency, as this reader's spreadsheet takes a number."""
    pattern = "0." + "0" * precision(money.currency)
    locale = babel_locale(translation.get_language() or "en")
    return format_decimal(money.amount, format=pattern.rstrip("."), locale=locale)
