"""manage.py verify_activity [--anchor FILE] [--write-anchor FILE]"""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from selfservice.activity.services.verifying import Head, Verification, verify
from selfservice.core import clock

FAULTS = 1


class Command(BaseCommand):
    help = (
        "Proves that no entry of the activity log was changed, deleted or inserted"
        " since it was sealed. With an anchor of an earlier run, kept outside the"
        " database, a cut tail is noticed too. Exit status: 0 all is as written, 1 not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--anchor", metavar="FILE", help="what it must still hold")
        parser.add_argument(
            "--write-anchor", metavar="FILE", help="keep where the chains end now"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        anchor = _read(options["anchor"]) if options["anchor"] else []
        run, faults = Verification(), 0
        for fault in verify(run, anchor):
            faults += 1
            self.stdout.write(str(fault))
        seen = run.seen
        self.stdout.write(
            f"{seen['entries']} entries in {seen['seals']} seals of"
            f" {len(run.heads)} organizations, {seen['unsealed']} not sealed yet,"
            f" {seen['erased']} erased details: {_counted(faults)}."
        )
        if faults and options["write_anchor"]:
            self.stdout.write("No anchor is written over a log with faults.")
        if faults:
            sys.exit(FAULTS)
        if options["write_anchor"]:
            _write(Path(options["write_anchor"]), run.heads)
            self.stdout.write(f"Anchor: {options['write_anchor']}")


def _counted(faults: int) -> str:
    return "1 fault" if faults == 1 else f"{faults or 'no'} faults"


def _read(name: str) -> list[Head]:
    """Raises CommandError when it is no anchor."""
    try:
        heads = json.loads(Path(name).read_text())["heads"]
        return [
            Head(uuid.UUID(head["organization"]), int(head["number"]), head["hash"])
            for head in heads
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{name} is no anchor: {error}") from error


def _write(file: Path, heads: list[Head]) -> None:
    said = {
        "made_at": clock.now().isoformat(),
        "heads": [
            {
                "organization": str(head.organization_id),
                "number": head.number,
                "hash": head.hash,
            }
            for head in heads
        ],
    }
    file.write_text(json.dumps(said, indent=1) + "\n")
