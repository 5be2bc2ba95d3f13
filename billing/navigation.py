"""What this room puts into the left navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from selfservice.core.navigation import BILLING, NavItem, register

# The pages at which the item is the current one, beside its own.
OF_BILLS = (
    "billing:invoice",
    "billing:invoice_pdf",
    "billing:invoice_pay",
    "billing:archive",
    "billing:spend",
    "billing:payment_method",
)
OF_ACCOUNTS = (
    "billing:account",
    "billing:account_profiles",
    "billing:account_name",
    "billing:account_address",
    "billing:account_tax_id",
    "billing:account_registration",
    "billing:account_activity",
    "billing:profile_activity",
    "billing:profile",
    "billing:profile_name",
    "billing:profile_bill_to",
    "billing:profile_usage",
    "billing:profile_po_number",
    "billing:profile_invoices",
    "billing:profile_add",
    "billing:profile_step",
)


def register_all() -> None:
    register(
        NavItem(
            label=_("Bills & payments"),
            url_name="billing:invoices",
            also=OF_BILLS,
            icon="receipt",
            group=BILLING,
            order=40,
        )
    )
    register(
        NavItem(
            label=_("Billing accounts"),
            url_name="billing:accounts",
            also=OF_ACCOUNTS,
            icon="building-bank",
            group=BILLING,
            order=50,
        )
    )
