"""`manage.py compile_translations`: for a checkout, and after a change of words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from selfservice.core.translations import compile_translations


class Command(BaseCommand):
    help = "Compiles the translations that are newer than their compiled form."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        done = sum(compile_translations(Path(path)) for path in settings.LOCALE_PATHS)
        if options["verbosity"]:
            self.stdout.write(f"Translations: {done or 'none'} compiled.")
