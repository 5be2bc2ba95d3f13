"""manage.py oversight_sql [--role NAME]"""

from __future__ import annotations

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from selfservice.core.reading_role import OVERSIGHT, statements

NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class Command(BaseCommand):
    help = (
        "Prints the SQL that makes the role of the oversight pages, which may only"
        " SELECT and reaches no card and no address. Pipe it into psql after every"
        " migrate; the password is yours to set."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", default=OVERSIGHT, metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        if not NAME.fullmatch(options["role"]):
            raise CommandError("A role's name is of small letters, digits and _.")
        lines = [f"{statement};" for statement in statements(options["role"])]
        self.stdout.write("\n".join(["BEGIN;", *lines, "COMMIT;"]))
