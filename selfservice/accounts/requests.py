"""Who asks."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest

from selfservice.accounts.models import User


def person(request: HttpRequest) -> User:
    """The signed-in person; the middleware lets nobody else through."""
    return cast(User, request.user)
