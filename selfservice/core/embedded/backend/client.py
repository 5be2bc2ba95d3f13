"""`dbshell` with the packaged psql."""

from __future__ import annotations

from django.db.backends.postgresql import client

from selfservice.core.embedded.binaries import find_binaries


class DatabaseClient(client.DatabaseClient):
    executable_name = str(find_binaries() / "psql")
