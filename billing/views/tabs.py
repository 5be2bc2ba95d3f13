"""The tabs of Bills & payments."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from selfservice.core.lists import Choice

_TABS = [("invoices", _("Invoices")), ("payment_methods", _("Payment methods"))]


def bills_tabs(here: str) -> list[Choice]:
    """Both pages, with the one that is open marked."""
    return [
        Choice(label, reverse(f"billing:{name}"), name == here) for name, label in _TABS
    ]
