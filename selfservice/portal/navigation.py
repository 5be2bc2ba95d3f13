"""What this room puts into the left navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from selfservice.core.navigation import BILLING, END, NavItem, register


def register_all() -> None:
    register(NavItem(label=_("Home"), url_name="portal:home", icon="home", order=0))
    register(
        NavItem(
            label=_("Billing notifications"),
            url_name="portal:notifications",
            icon="mail",
            group=BILLING,
            order=60,
        )
    )
    register(
        NavItem(
            label=_("Help & support"),
            url_name="portal:help",
            icon="question-circle",
            group=END,
            order=90,
        )
    )
