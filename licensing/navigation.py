"""What this room puts into the left navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from selfservice.core.navigation import BILLING, NavItem, register


def register_all() -> None:
    register(
        NavItem(
            label=_("My licenses"),
            url_name="licensing:my_licenses",
            icon="key",
            order=10,
        )
    )
    register(
        NavItem(
            label=_("Licenses"),
            url_name="licensing:licenses",
            also=("licensing:product", "licensing:assign", "licensing:unassign"),
            icon="person-key",
            group=BILLING,
            order=30,
        )
    )
