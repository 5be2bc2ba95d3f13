"""`manage.py demo_setup`: what the demo's processes need before they start."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from selfservice.core.demo.progress import Progress
from selfservice.core.icons import IconsMissing, build_sprite
from selfservice.core.reading_role import ensure_oversight_role
from selfservice.core.static import collect_static
from selfservice.core.translations import compile_translations

CATALOG = settings.BASE_DIR / "selfservice" / "portal" / "demo_data" / "catalog.toml"
UP_TO_DATE = "up to date"


class Command(BaseCommand):
    help = "Migrates, and brings files, catalogue and people up to date. The demo only."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is not the demo.")
        progress = Progress(sys.stdout)
        with progress.step("Migrations") as notes:
            notes.append(migrate())
        with progress.step("Translations") as notes:
            notes.append(translate())
        with progress.step("Icons") as notes:
            notes.append(draw_icons())
        with progress.step("Static files") as notes:
            notes.append("collected" if collect_static() else UP_TO_DATE)
        with progress.step("Catalogue") as notes:
            notes.append(said_by("sync_catalog", str(CATALOG)))
        with progress.step("People") as notes:
            notes.append(said_by("load_demo"))


def migrate() -> str:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
    ensure_oversight_role(connection)
    return f"{len(plan)} applied" if plan else UP_TO_DATE


def translate() -> str:
    done = sum(compile_translations(Path(path)) for path in settings.LOCALE_PATHS)
    return f"{done} compiled" if done else UP_TO_DATE


def draw_icons() -> str:
    try:
        built = build_sprite(settings.BUILD_DIR / "icons.svg")
    except IconsMissing as error:
        raise CommandError(str(error)) from error
    return "drawn" if built else UP_TO_DATE


def said_by(command: str, *arguments: str) -> str:
    """Run a command of a higher room; its first line, without its head."""
    said = io.StringIO()
    call_command(command, *arguments, stdout=said)
    line = said.getvalue().strip().partition("\n")[0]
    return line.partition(": ")[2].rstrip(".")
