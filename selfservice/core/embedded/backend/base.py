"""The stock backend; the only difference is that the server is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

from selfservice.core.embedded import Server, server_at
from selfservice.core.embedded.backend.client import DatabaseClient


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient
    _connection_pools: ClassVar[dict[str, ConnectionPool[Any]]]

    @property
    def embedded_server(self) -> Server:
        wanted = self.settings_dict.get("EMBEDDED_SETTINGS", {})
        base = Path(self.settings_dict["EMBEDDED_BASE"])
        return server_at(base, tuple(sorted(wanted.items())))

    def get_connection_params(self) -> dict[str, Any]:
        if self.embedded_server.ensure():
            self._drop_dead_pools()
        params: dict[str, Any] = super().get_connection_params()
        return params

    def _drop_dead_pools(self) -> None:
        """Keep the pools, which don't look, from handing out what the server had."""
        for alias in list(self._connection_pools):
            pool = self._connection_pools.pop(alias, None)
            if pool is not None:
                pool.close()
