"""Refuses a migration that the version before can't live with, or that locks for long.

While a new version is brought in, the old one goes on reading and writing the same
tables (docs/deploy.md, "Upgrading"). So a column that must be filled has a default in
the database (`db_default`), nothing is renamed or dropped that the version before
names, and an index on a table that has rows is made concurrently
(`AddIndexConcurrently`, in a migration with `atomic = False`). `unsafe.py` has what
the linter doesn't know: whole tables that are read, written or copied under a lock.
"""

from __future__ import annotations

import sys
from pathlib import Path

import django
from django.apps import apps
from unsafe import Linter

ROOT = Path(__file__).resolve().parent.parent
OURS = ("accounts", "activity", "catalog", "billing", "subscriptions", "licensing")

# Up to these, everything is made at once, on an empty database: nobody ran a version
# before. They are the last that there were, never one to come; with the first release
# they stay where they are.
BEFORE_THE_FIRST_RELEASE = {
    "accounts": 5,
    "activity": 6,
    "catalog": 1,
    "billing": 11,
    "subscriptions": 9,
    "licensing": 7,
}
# "app.name" of a migration → why it is safe all the same.
EXCEPTIONS: dict[str, str] = {}


def main() -> int:
    sys.path.insert(0, str(ROOT))
    django.setup()
    linted = [name for name in _migrations() if not _exempt(*name)]
    if not linted:
        return 0
    linter = Linter(
        str(ROOT),
        include_apps=sorted({app for app, _ in linted}),
        include_name=[name for _, name in linted],
        no_cache=True,
        quiet=["ok", "ignore"],
        all_warnings_as_errors=True,
    )
    linter.lint_all_migrations()
    return 1 if linter.has_errors else 0


def _migrations() -> list[tuple[str, str]]:
    return [
        (app, path.stem)
        for app in OURS
        for path in Path(apps.get_app_config(app).path, "migrations").glob("0*.py")
    ]


def _exempt(app: str, name: str) -> bool:
    number = int(name.partition("_")[0])
    return number <= BEFORE_THE_FIRST_RELEASE[app] or f"{app}.{name}" in EXCEPTIONS


if __name__ == "__main__":
    sys.exit(main())
