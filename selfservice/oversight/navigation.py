"""What this room puts into the left navigation: for admin roles only."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from selfservice.accounts.models import User
from selfservice.core.navigation import ORGANIZATION, NavItem, register


def sees_oversight(user: Any) -> bool:
    return isinstance(user, User) and user.sees_oversight


def register_all() -> None:
    register(
        NavItem(
            label=_("Self-service purchases"),
            url_name="oversight:purchases",
            also=("oversight:",),
            icon="eye",
            group=ORGANIZATION,
            order=10,
            visible=sees_oversight,
        )
    )
