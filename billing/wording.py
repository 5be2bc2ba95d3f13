"""How invoices are spoken of."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_percent
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, InvoiceCredit, InvoiceLine
from billing.models.invoices import LineKind
from selfservice.core.money import babel_locale
from selfservice.core.numbers import Grouped
from selfservice.core.templatetags.ui import money

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


def given_back_words(invoice: Invoice) -> str:
    """That a paid invoice was given back, or how much of it; empty if nothing was."""
    if not invoice.refunded_minor:
        return ""
    if invoice.refunded_minor >= invoice.total_minor:
        return gettext("Given back")
    return gettext("%(amount)s given back") % {"amount": money(invoice.refunded)}


CREDIT_REASONS: dict[str, str | Promise] = {
    "order_change": _("The order was changed or canceled"),
    "duplicate": _("Charged twice"),
    "fraudulent": _("Fraudulent"),
    "product_unsatisfactory": _("Not satisfied"),
}


def line_words(line: InvoiceLine, product: str) -> str:
    """What a line of an invoice for `product` is, as the reader says it.

    Stripe's own words are in the language that the invoice was made in. They stand on
    its PDF, and here when nothing better is known.
    """
    if not product:
        return line.text
    count = Grouped(line.quantity or 0)
    bought = f"{count} × {product}" if count else product
    if line.kind in {LineKind.ADD, LineKind.REMOVE}:
        if line.amount_minor < 0:
            return gettext("Unused time of %(bought)s") % {"bought": bought}
        return gettext("Remaining time of %(bought)s") % {"bought": bought}
    if line.unit_minor and not line.amount_minor:
        return gettext("Free trial of %(product)s") % {"product": product}
    return bought


def credit_reason(credit: InvoiceCredit) -> str:
    """Why money was given back, in words; empty for a reason without any."""
    return str(CREDIT_REASONS.get(credit.reason, ""))


def rate_words(basis_points: int | None) -> str:
    """A tax rate as the reader writes it: 21%; empty when no tax applies."""
    if basis_points is None:
        return ""
    locale = babel_locale(get_language() or "en")
    return format_percent(Decimal(basis_points) / 10_000, "#,##0.##%", locale=locale)
