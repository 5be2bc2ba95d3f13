"""manage.py load_demo"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from selfservice.portal.services.demo import load_demo


class Command(BaseCommand):
    # Every start of the demo runs it, and runs the checks once elsewhere.
    requires_system_checks = ()
    help = (
        "Brings in the demo's organizations and people, all with the password demo."
        " What is there already stays as it is."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is not the demo: nobody gets a known password.")
        loaded = load_demo()
        names = ", ".join(organization.name for organization in loaded)
        self.stdout.write(f"Demo people: {names or 'there already'}.")
