"""How invoices are spoken of."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from babel.numbers import format_percent
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
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


def address_lines(party: Mapping[str, str]) -> list[str]:
    """Name and address as on an envelope; what is unknown is left out."""
    country = party.get("country", "")
    territories = babel_locale(get_language() or "en").territories
    lines = [
        party.get("name", ""),
        party.get("line1", ""),
        party.get("line2", ""),
        f"{party.get('postal_code', '')} {party.get('city', '')}",
        str(territories.get(country, country)),
    ]
    return [line.strip() for line in lines if line.strip()]


def rate_words(basis_points: int | None) -> str:
    """A tax rate as the reader writes it: 21%; empty when no tax applies."""
    if basis_points is None:
        return ""
    locale = babel_locale(get_language() or "en")
    return format_percent(Decimal(basis_points) / 10_000, "#,##0.##%", locale=locale)
