"""How invoices are spoken of."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_percent
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, InvoiceCredit
from selfservice.core.money import babel_locale

STATUS_LABELS: dict[str, str | Promise] = {
    "due": _("Due"),
    "past_due": _("Past due"),
    "paid": _("Paid"),
    "void": _("Void"),
}
STATUS_BADGES = {"due": "warn", "past_due": "bad", "paid": "ok", "void": ""}


def status_badge(invoice: Invoice) -> tuple[str, str]:
    """The look and the name of an invoice's status."""
    status = invoice.shown_status
    return STATUS_BADGES[status], str(STATUS_LABELS[status])


CREDIT_REASONS: dict[str, str | Promise] = {
    "order_change": _("The order was changed or canceled"),
    "duplicate": _("Charged twice"),
    "fraudulent": _("Fraudulent"),
    "product_unsatisfactory": _("Not satisfied"),
}


def credit_reason(credit: InvoiceCredit) -> str:
    """Why money was given back, in words; empty for a reason without any."""
    return str(CREDIT_REASONS.get(credit.reason, ""))


def rate_words(basis_points: int | None) -> str:
    """A tax rate as the reader writes it: 21%; empty when no tax applies."""
    if basis_points is None:
        return ""
    locale = babel_locale(get_language() or "en")
    return format_percent(Decimal(basis_points) / 10_000, "#,##0.##%", locale=locale)
