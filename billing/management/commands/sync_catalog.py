"""manage.py sync_catalog FILE.toml"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.gateway import GatewayRejected, GatewayUnavailable
from billing.services.catalogue_sync import Pushed, push_catalogue
from selfservice.catalog.services.catalog_file import CatalogRefused, read_catalog
from selfservice.catalog.services.sync import Synced, sync_catalog


class Command(BaseCommand):
    # Every start of the demo runs it, and runs the checks once elsewhere.
    requires_system_checks = ()
    help = (
        "Makes the catalogue what a TOML file says, here and at Stripe. Safe to run"
        " again: it writes only what differs, and makes again what Stripe lost."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise CommandError(f"{path.name} is not UTF-8.") from error
        try:
            synced = sync_catalog(read_catalog(text))
        except CatalogRefused as refusal:
            problems = [f"  {problem}" for problem in refusal.problems]
            head = f"{path.name}: nothing was changed. Correct this and try again:"
            raise CommandError("\n".join([head, *problems])) from refusal
        self.stdout.write(_here(synced))
        try:
            pushed = push_catalogue()
        except (GatewayUnavailable, GatewayRejected) as error:
            raise CommandError(
                f"{error} The catalogue is written, but not all of it can be bought"
                " until this command ran to its end."
            ) from error
        self.stdout.write(_at_stripe(pushed))


def _here(synced: Synced) -> str:
    if synced.nothing:
        return "Catalogue: up to date."
    return (
        f"Catalogue: {synced.products} products written, {synced.prices_made} prices"
        f" made, {synced.prices_retired} prices and {synced.plans_retired}"
        " plans retired."
    )


def _at_stripe(pushed: Pushed) -> str:
    if pushed.nothing:
        return "Stripe: up to date."
    return (
        f"Stripe: {pushed.products} products written, {pushed.prices_made} prices made,"
        f" {pushed.prices_found} found again, {pushed.prices_retired} retired."
    )
