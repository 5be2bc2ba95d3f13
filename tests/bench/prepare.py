"""The database of one scale, made once; kept under PORTAL_VAR until it is removed."""

from __future__ import annotations

import sys

import django

django.setup()

from django.core.management import call_command
from django.db import connection

from selfservice.accounts.models import Organization
from selfservice.core.reading_role import ensure_oversight_role


def prepare(scale: str) -> None:
    call_command("migrate", verbosity=0)
    if not Organization.objects.exists():
        call_command("make_load", scale=scale, in_production=True)
        with connection.cursor() as cursor:
            # As the server would have done by itself in a night.
            cursor.execute("VACUUM (ANALYZE)")
    ensure_oversight_role(connection)
    call_command("build_icons")
    call_command("compile_translations")
    call_command("collectstatic", interactive=False, verbosity=0)


if __name__ == "__main__":
    prepare(sys.argv[1])
