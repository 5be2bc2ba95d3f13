"""What this room puts into the left navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from selfservice.core.navigation import BILLING, NavItem, register


def register_all() -> None:
    register(
        NavItem(
            label=_("Purchase services"),
            url_name="subscriptions:marketplace",
            also=("subscriptions:product", "subscriptions:checkout"),
            icon="cart",
            group=BILLING,
            order=10,
        )
    )
    register(
        NavItem(
            label=_("Your products"),
            url_name="subscriptions:products",
            also=("subscriptions:details", "subscriptions:order"),
            icon="box",
            group=BILLING,
            order=20,
        )
    )
