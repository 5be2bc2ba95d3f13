"""manage.py import_directory FILE.csv --organization NAME [--dry-run]"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from django.core.management.base import BaseCommand, CommandError, CommandParser

from selfservice.accounts.services.directory import (
    DirectoryRefused,
    Imported,
    Place,
    import_directory,
)
from selfservice.accounts.services.directory_cells import countries
from selfservice.accounts.services.directory_file import read_directory

# A dry run of a big directory is read, not scrolled.
DETAILS_SHOWN = 50


class Command(BaseCommand):
    help = (
        "Brings an organization's people up to date from a file of the admin center's"
        " Export users. All or nothing; people missing from the file are left alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV, in UTF-8 or UTF-16")
        parser.add_argument("--organization", required=True, metavar="NAME")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what would change, write nothing",
        )
        parser.add_argument(
            "--country", default="NL", help="of a new organization: two letters"
        )
        parser.add_argument(
            "--time-zone", default="Europe/Amsterdam", help="of a new organization"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        place = _place(options["country"], options["time_zone"])
        name = options["organization"].strip()
        if not 0 < len(name) <= 200:
            raise CommandError("An organization's name has 1 to 200 characters.")
        try:
            with options["file"].open("rb") as stream:
                file = read_directory(stream)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}.") from error
        try:
            result = import_directory(
                file=file,
                organization_name=name,
                place=place,
                dry_run=options["dry_run"],
            )
        except DirectoryRefused as refusal:
            raise CommandError(_refusal(options["file"], refusal)) from refusal
        self.stdout.write(_summary(result, dry_run=options["dry_run"]))


def _place(country: str, time_zone: str) -> Place:
    code = countries().get(country.casefold())
    if code is None:
        raise CommandError(f"“{country}” is no country; write two letters, like NL.")
    if time_zone not in available_timezones():
        raise CommandError(f"“{time_zone}” is no time zone, like Europe/Amsterdam.")
    return Place(country=code, time_zone=time_zone)


def _refusal(path: Path, refusal: DirectoryRefused) -> str:
    problems = [f"  {problem}" for problem in refusal.problems]
    head = f"{path.name}: nothing was imported. Correct this and try again:"
    return "\n".join([head, *problems])


def _summary(result: Imported, *, dry_run: bool) -> str:
    lines = [str(result.organization)]
    if result.made_organization:
        lines[0] += " (new organization)"
    for count, words in (
        (result.new, "new"),
        (result.changed, "changed"),
        (result.lost, "of these disabled or removed"),
        (result.unchanged, "unchanged"),
        (result.left_alone, "not in the file, left alone"),
    ):
        lines.append(f"{count:>8,} {words}")
    if dry_run:
        lines += [f"  {upn}: {', '.join(what)}" for upn, what in _shown(result)]
        more = len(result.details) - DETAILS_SHOWN
        lines += [f"  and {more:,} more"] if more > 0 else []
        lines.append("Dry run: nothing was written.")
    return "\n".join(lines)


def _shown(result: Imported) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return result.details[:DETAILS_SHOWN]
