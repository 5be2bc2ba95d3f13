"""The stock backend; the only difference is that the server is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db.backends.postgresql import base

from selfservice.core.embedded import Server, server_at
from selfservice.core.embedded.backend.client import DatabaseClient


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    @property
    def embedded_server(self) -> Server:
        wanted = self.settings_dict.get("EMBEDDED_SETTINGS", {})
        base = Path(self.settings_dict["EMBEDDED_BASE"])
        return server_at(base, tuple(sorted(wanted.items())))

    def get_connection_params(self) -> dict[str, Any]:
        server = self.embedded_server
        # A socket that is gone means that the server was killed since.
        if not server.is_up():
            server.forget()
        server.ensure()
        params: dict[str, Any] = super().get_connection_params()
        return params
