"""`manage.py build_icons`: draw the icon sprite into the build folder."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from selfservice.core.icons import ICONS, IconsMissing, build_sprite


class Command(BaseCommand):
    help = "Builds the icon sprite from the installed Fluent icons, if it changed."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            built = build_sprite(settings.BUILD_DIR / "icons.svg")
        except IconsMissing as error:
            raise CommandError(str(error)) from error
        if built and options["verbosity"]:
            self.stdout.write(f"{len(ICONS)} icons built.")
