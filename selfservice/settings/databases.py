"""Where the data lives: `DATABASE_URL`, or the embedded server under `var/`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from selfservice.settings.environment import flag

# A pooler in transaction mode stands between: a session's state is nobody's.
_POOLED = flag("PGBOUNCER", default=False)
# The second line only: a role of its own can't be talked out of it. A pooler takes no
# options.
_READ_ONLY = {} if _POOLED else {"options": "-c default_transaction_read_only=on"}
POOL = {"min_size": 1, "max_size": 4, "timeout": 10}


def database_from_url(url: str) -> dict[str, Any]:
    """Django's settings for a `postgresql://` address.

    Raises ValueError when the address names no database or another engine.
    """
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise ValueError(
            "DATABASE_URL must look like postgresql://user:password@host:5432/name"
        )
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": {**query, "pool": dict(POOL)},
        # Server-side cursors break behind a transaction pooler.
        "DISABLE_SERVER_SIDE_CURSORS": _POOLED,
    }


def embedded(var: Path) -> dict[str, Any]:
    """The server under `var/pg`. Where `DATABASE_URL` is set its code isn't loaded."""
    from selfservice.core.embedded import connection_settings

    return connection_settings(var)


def databases(var: Path) -> dict[str, dict[str, Any]]:
    """The `default` database, and `oversight`: the same one, read-only."""
    url = os.environ.get("DATABASE_URL", "")
    default = database_from_url(url) if url else embedded(var)
    reader_url = os.environ.get("OVERSIGHT_DATABASE_URL", "")
    if reader_url:
        reader = beside(default, database_from_url(reader_url))
    elif url:
        reader = {**default, "OPTIONS": {**default["OPTIONS"], **_READ_ONLY}}
    else:
        reader = {**default, "USER": "portal_oversight"}
    reader["TEST"] = {"MIRROR": "default"}
    return {"default": default, "oversight": reader}


def beside(primary: dict[str, Any], reader: dict[str, Any]) -> dict[str, Any]:
    """A reader on another server than the primary: a replica, which may be down.

    Then the same role reads from the primary, where it may do no more: libpq tries the
    servers in turn. Each connection is tried before it is used, and lives for minutes,
    so that a replica that comes back is read again.
    """
    here, there = (
        (place["HOST"], place["PORT"] or "5432") for place in (primary, reader)
    )
    if here == there:
        return reader
    pool = {**POOL, "max_lifetime": 300}
    return {
        **reader,
        "REPLICA": True,
        "HOST": f"{there[0]},{here[0]}",
        "PORT": f"{there[1]},{here[1]}",
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": "3",
            # Milliseconds: of a machine that is gone nobody says that it is.
            "tcp_user_timeout": "5000",
            **reader["OPTIONS"],
            "target_session_attrs": "prefer-standby",
            "pool": pool,
        },
    }
