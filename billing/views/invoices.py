"""Bills & payments: invoices, one invoice, its PDF."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import uuid
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing import gateway
from billing.addresses import address_lines
from billing.forms import PAST_3, PAST_6, PERIODS, RANGE, STATUSES, InvoiceFilter
from billing.models import (
    Invoice,
    InvoiceCredit,
    InvoiceLine,
    InvoicePayment,
)
from billing.queries import (
    InvoicePage,
    InvoiceSearch,
    InvoiceSum,
    credits_of,
    invoice_for,
    invoice_page,
    invoice_sums,
    lines_of,
    names_of_profiles,
    payments_of,
)
from billing.reverse_charge import is_reverse_charged
from billing.services.paying import standing, waits_for_the_bank
from billing.views.tabs import bills_tabs
from billing.wording import (
    credit_reason,
    given_back_words,
    line_words,
    rate_words,
    status_badge,
)
from selfservice.accounts.requests import person
from selfservice.core import clock
from selfservice.core.errors import DomainError
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.lists import Choice, choices, with_query

log = logging.getLogger(__name__)
RETRY_AFTER_SECONDS = "60"


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """An invoice as the list shows it."""

    invoice: Invoice
    badge: str
    label: str
    given_back: str


@dataclasses.dataclass(frozen=True, slots=True)
class PaymentRow:
    """A try of charging an invoice; `why` is empty when it went through."""

    payment: InvoicePayment
    card: str
    why: str


@dataclasses.dataclass(frozen=True, slots=True)
class CreditRow:
    """A credit note with its reason in words."""

    credit: InvoiceCredit
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class LineRow:
    """A line of an invoice with what it is, and its tax rate, in words."""

    line: InvoiceLine
    text: str
    rate: str


def row_of(invoice: Invoice) -> Row:
    badge, label = status_badge(invoice)
    return Row(invoice, badge, label, given_back_words(invoice))


@require_safe
def invoices(request: HtmxHttpRequest) -> HttpResponse:
    buyer = person(request)
    zone = buyer.organization.time_zone
    form = InvoiceFilter(request.GET, today=clock.today_in(zone))
    oldest_first = form.value("sort", "-date") == "date"
    page, sums = InvoicePage([], None, None), list[InvoiceSum]()
    if not form.refused:
        search = search_of(form, zone)
        page = invoice_page(
            buyer, search, cursor=form.cursor, oldest_first=oldest_first
        )
        sums = invoice_sums(buyer, search)
    context = {
        **_filters(request, form, names_of_profiles(buyer)),
        "tabs": bills_tabs("invoices"),
        "query": request.GET.urlencode(),
        "rows": [row_of(invoice) for invoice in page.rows],
        "sums": sums,
        "count": sum(part.count for part in sums),
        "void": sum(part.void for part in sums),
        "previous_url": page.previous and with_query(request, page=str(page.previous)),
        "next_url": page.next and with_query(request, page=str(page.next)),
    }
    return render_page(
        request,
        "billing/invoices.html",
        context,
        partial="invoices-list",
        status=422 if form.refused else 200,
    )


def search_of(form: InvoiceFilter, zone: str) -> InvoiceSearch:
    """What a form that isn't refused asks for, by days of that time zone."""
    first, last = form.days
    return InvoiceSearch(
        start=_midnight(first, zone),
        end=_midnight(last + dt.timedelta(days=1), zone),
        status=form.value("status"),
        profile_id=form.value("profile", None),
        text=form.value("q"),
    )


def _midnight(day: dt.date, zone: str) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))


def _filters(
    request: HtmxHttpRequest, form: InvoiceFilter, profiles: list[tuple[uuid.UUID, str]]
) -> dict[str, Any]:
    period, status = form.value("period", PAST_3), form.value("status")
    profile = str(form.value("profile"))
    names = [(str(key), name) for key, name in profiles]
    return {
        "form": form,
        "period": period,
        "is_range": period == RANGE,
        "days": None if form.refused else form.days,
        "periods": [
            Choice(label, _period_url(request, value), value == period)
            for value, label in PERIODS
        ],
        "six_months_url": _period_url(request, PAST_6),
        "range_url": _period_url(request, RANGE),
        "statuses": choices(
            request, "status", [("", _("All")), *STATUSES], chosen=status
        ),
        "profiles": choices(
            request, "profile", [("", _("All")), *names], chosen=profile
        )
        if len(names) > 1
        else [],
        "kept": {
            name: request.GET[name]
            for name in ("period", "start", "end", "status", "profile", "sort")
            if request.GET.get(name)
        },
        "q": form.value("q"),
        "sort": form.value("sort", "-date"),
        "filtered": bool(form.value("q") or status or profile),
        "unfiltered_url": with_query(request, q=None, status=None, profile=None),
    }


def _period_url(request: HtmxHttpRequest, period: str) -> str:
    """The list over another period; what else is filtered stays."""
    chosen = None if period == PAST_3 else period
    return with_query(request, period=chosen, start=None, end=None)


@require_safe
def invoice(request: HtmxHttpRequest, invoice_id: uuid.UUID) -> HttpResponse:
    found = invoice_or_404(request, invoice_id)
    badge, label = status_badge(found)
    lines = lines_of(found)
    context = {
        "invoice": found,
        "waits": waits_for_the_bank(found),
        "checking": found.is_open and standing(found).checking,
        "badge": badge,
        "label": label,
        "given_back": given_back_words(found),
        "lines": [
            LineRow(line, line_words(line, found.title), rate_words(line.tax_rate_bp))
            for line in lines
        ],
        "rates": ", ".join(
            rate_words(rate)
            for rate in sorted({line.tax_rate_bp for line in lines if line.tax_rate_bp})
        ),
        "reverse_charged": is_reverse_charged(found),
        "payments": [_payment_row(payment) for payment in payments_of(found)],
        "credits": [CreditRow(note, credit_reason(note)) for note in credits_of(found)],
        "sold_to": address_lines(found.sold_to),
        "bill_to": address_lines(found.bill_to),
    }
    return render_page(request, "billing/invoice.html", context, partial="invoice")


def _payment_row(payment: InvoicePayment) -> PaymentRow:
    card = f"{payment.brand.title()} •••• {payment.last4}" if payment.last4 else ""
    declined = not payment.succeeded
    return PaymentRow(
        payment, card, gateway.decline_sentence(payment.decline) if declined else ""
    )


@require_safe
def invoice_pdf(request: HtmxHttpRequest, invoice_id: uuid.UUID) -> HttpResponse:
    """Pass on Stripe's PDF, so that its address is never shown."""
    found = invoice_or_404(request, invoice_id)
    name = f"{_('Invoice')} {found.number}.pdf"
    return _pass_on(
        request, found, lambda: gateway.invoice_pdf(found.stripe_invoice_id), name
    )


@require_safe
def credit_pdf(
    request: HtmxHttpRequest, invoice_id: uuid.UUID, credit_id: uuid.UUID
) -> HttpResponse:
    """Pass on Stripe's PDF of a credit note."""
    found = invoice_or_404(request, invoice_id)
    note = next((note for note in credits_of(found) if note.pk == credit_id), None)
    if note is None:
        raise Http404
    stripe_id, name = (
        note.stripe_credit_note_id,
        f"{_('Credit note')} {note.number}.pdf",
    )
    return _pass_on(request, found, lambda: gateway.credit_note_pdf(stripe_id), name)


def _pass_on(
    request: HtmxHttpRequest, found: Invoice, read: Callable[[], bytes], name: str
) -> HttpResponse:
    try:
        content = read()
    except DomainError as error:
        log.warning("no PDF of invoice %s: %s", found.pk, type(error).__name__)
        response = render_page(
            request,
            "billing/invoice_unavailable.html",
            {"invoice": found, "sentence": str(error)},
            partial="unavailable",
            status=503,
        )
        response["Retry-After"] = RETRY_AFTER_SECONDS
        return response
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = content_disposition_header(
        True, get_valid_filename(name)
    )
    response["Cache-Control"] = "private, no-cache"
    return response


def invoice_or_404(request: HtmxHttpRequest, invoice_id: uuid.UUID) -> Invoice:
    """The reader's own invoice; anybody else's is not found. Raises Http404."""
    found = invoice_for(person(request), invoice_id)
    if found is None:
        raise Http404
    return found
