"""`manage.py pg`: the embedded PostgreSQL, by hand."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from selfservice.core.embedded import Server, ServerError


class Command(BaseCommand):
    help = "Tells about the embedded PostgreSQL, stops it, or opens psql on it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["status", "stop", "psql"])
        parser.add_argument("arguments", nargs="*", help="for psql, after --")

    def handle(self, *args: Any, **options: Any) -> None:
        server: Server | None = getattr(connection, "embedded_server", None)
        if server is None:
            raise CommandError("DATABASE_URL names another server, which is not ours.")
        try:
            self._do(server, options["what"], options["arguments"])
        except ServerError as error:
            raise CommandError(str(error)) from error

    def _do(self, server: Server, what: str, arguments: list[str]) -> None:
        if what == "psql":
            call_command("dbshell", "--", *arguments)
            return
        was_up = server.is_up()
        if what == "stop":
            server.stop()
            self.stdout.write("Stopped." if was_up else "It wasn't running.")
            return
        self.stdout.write(
            f"PostgreSQL {server.major} {'runs' if was_up else 'is stopped'}.\n"
            f"Data:   {server.data}\n"
            f"Socket: {server.socket_dir}\n"
            f"Log:    {server.log}"
        )
