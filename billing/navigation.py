"""What this room puts into the left navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from selfservice.core.navigation import BILLING, NavItem, register


def register_all() -> None:
    register(
        NavItem(
            label=_("Bills & payments"),
            url_name="billing:invoices",
            also=("billing:invoice", "billing:invoice_pdf"),
            icon="receipt",
            group=BILLING,
            order=40,
        )
    )
