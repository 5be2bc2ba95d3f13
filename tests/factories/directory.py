"""Directory files, as the admin center exports them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from selfservice.accounts.services.directory_file import DirectoryFile, read_directory

HEADER = ("User principal name", "Display name")


def directory_csv(*rows: Mapping[str, str], delimiter: str = ",") -> str:
    """A file of these rows; every column that one of them has is in the header."""
    columns = list(dict.fromkeys([*HEADER, *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def directory_file(*rows: Mapping[str, str]) -> DirectoryFile:
    return read_directory(io.BytesIO(directory_csv(*rows).encode()))


def row(upn: str, name: str = "", **cells: str) -> dict[str, str]:
    """A row; the keys of `cells` are titles with underscores for spaces."""
    more = {key.replace("_", " "): value for key, value in cells.items()}
    return {"User principal name": upn, "Display name": name or upn, **more}
