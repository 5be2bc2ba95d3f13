"""`dbshell` with the packaged psql."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.backends.postgresql import client

from selfservice.core.embedded.binaries import find_binaries


class DatabaseClient(client.DatabaseClient):
    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        arguments, environment = super().settings_to_cmd_args_env(
            settings_dict, list(parameters)
        )
        return [str(find_binaries() / "psql"), *arguments[1:]], environment

    def runshell(self, parameters: Iterable[str]) -> None:
        # This starts the server.
        self.connection.get_connection_params()
        super().runshell(list(parameters))
