"""PostgreSQL without a server to install: for the demo and the tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from selfservice.core.embedded.errors import ServerError
from selfservice.core.embedded.server import PORT, USER, Server

__all__ = ["Server", "ServerError", "connection_settings", "server_at"]


@cache
def server_at(base: Path, settings: tuple[tuple[str, str], ...] = ()) -> Server:
    """The one object of this process for the server under `base`."""
    return Server(base, dict(settings))


def connection_settings(var: Path) -> dict[str, Any]:
    """Django's settings for the server under `var/pg`; starts nothing yet."""
    base = var / "pg"
    return {
        "ENGINE": "selfservice.core.embedded.backend",
        "NAME": USER,
        "USER": USER,
        "HOST": str(Server(base).socket_dir),
        "PORT": str(PORT),
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 4, "timeout": 10}},
        "EMBEDDED_BASE": str(base),
        # PostgreSQL's own settings, for when this process is the one to start it.
        "EMBEDDED_SETTINGS": {},
    }
