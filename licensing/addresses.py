"""Reading lists of people as they are pasted or uploaded: addresses out of text.

Nothing here looks at the database.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from django.core.files.uploadedfile import UploadedFile
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from selfservice.accounts.services.directory_file import encoding_of
from selfservice.core.errors import DomainError
from selfservice.core.numbers import Grouped

MEGABYTE = 1024 * 1024
MOST_BYTES = 10 * MEGABYTE
# One transaction gives licenses to as many; more are handed out list by list.
MOST_ADDRESSES = 50_000
# What an address can be at most; what is longer is cut, and is nobody's.
LONGEST = 254

_ADDRESS = re.compile(r"""[^\s<>,;:"'()]+@[^\s<>,;:"'()]+""")
_BETWEEN = re.compile(r"[,;\t]")
# What spreadsheets and directories call the column, best first.
_COLUMNS = (
    "user principal name",
    "userprincipalname",
    "upn",
    "e-mail address",
    "email address",
    "e-mailadres",
    "e-mail",
    "email",
    "mail",
    "address",
    "adres",
    "primary e-mail",
    "gebruikersnaam",
    "username",
)
_LOOKED_AT = 1000


class Unreadable(DomainError):
    """The list can't be used as it is; the sentence says why and what now."""


@dataclasses.dataclass(slots=True)
class Addresses:
    """What a list says: addresses in lower case, in its order, each once.

    `repeated` is how many stood there again; `strange` what is no address.
    """

    found: list[str]
    repeated: int
    strange: list[str]


def read_text(text: str) -> Addresses:
    """Addresses between commas, semicolons or new lines; names beside them go.

    Raises Unreadable for too many.
    """
    found: list[str] = []
    strange: list[str] = []
    for line in text.splitlines():
        # "Bergh, Zoë van den <zoe@…>": the comma is the name's.
        parts = [line] if "<" in line else _BETWEEN.split(line)
        for part in parts:
            addresses = _ADDRESS.findall(part)
            found.extend(addresses)
            if not addresses and part.strip():
                strange.append(part.strip()[:LONGEST])
    return _gathered(found, strange)


def read_file(file: UploadedFile[bytes]) -> Addresses:
    """The column of addresses of a CSV file, as spreadsheets write them.

    With or without a head, UTF-8, UTF-16 or Windows' Western letters. Raises
    Unreadable.
    """
    if (file.size or 0) > MOST_BYTES:
        size = (file.size or 0) / MEGABYTE
        raise Unreadable(
            _(
                "The file is %(size)s MB, and %(most)s MB is the most that can be"
                " uploaded. Leave only the column with email addresses in it, or"
                " upload it in parts."
            )
            % {"size": number_format(size, 1), "most": Grouped(MOST_BYTES // MEGABYTE)}
        )
    cells = [row for row in _rows(_text_of(file)) if any(cell.strip() for cell in row)]
    column = _column(cells)
    if column is None:
        raise Unreadable(
            _(
                "The file has no column with email addresses. Upload a CSV file with"
                " one address per line."
            )
        )
    return _of_column([row[column] for row in cells if len(row) > column])


def merged(lists: Iterable[Addresses]) -> Addresses:
    """Several lists as one. Raises Unreadable for too many."""
    parts = list(lists)
    together = _gathered(
        [address for part in parts for address in part.found],
        [entry for part in parts for entry in part.strange],
    )
    together.repeated += sum(part.repeated for part in parts)
    return together


def too_many(count: int) -> Unreadable:
    return Unreadable(
        _(
            "The list names %(count)s people. At most %(most)s can be done at a time:"
            " divide them over several lists."
        )
        % {"count": Grouped(count), "most": Grouped(MOST_ADDRESSES)}
    )


def _text_of(file: UploadedFile[bytes]) -> str:
    raw: bytes = file.read()
    if raw.startswith(b"PK\x03\x04"):
        raise Unreadable(
            _(
                "This is a workbook, not a CSV file. Save it as CSV in your"
                " spreadsheet program, and upload that."
            )
        )
    try:
        text = raw.decode(encoding_of(io.BytesIO(raw)))
    except UnicodeDecodeError:
        # Older spreadsheets; what matters here, the addresses, is the same in all.
        text = raw.decode("cp1252", "replace")
    if "\0" in text:
        raise Unreadable(
            _("This file is no text. Upload a CSV file with one address per line.")
        )
    return text


def _rows(text: str) -> Iterator[list[str]]:
    lines = text.splitlines(keepends=True)
    if lines and lines[0].casefold().startswith("sep="):
        del lines[0]
    first = lines[0] if lines else ""
    delimiter = max(",;\t", key=first.count)
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error as error:
        raise Unreadable(
            _(
                "The file can't be read as CSV. Save it as CSV in your spreadsheet"
                " program again, and upload that."
            )
        ) from error


def _column(rows: Sequence[Sequence[str]]) -> int | None:
    """Where the addresses are: by its name, else where most of them stand."""
    if not rows:
        return None
    counts: dict[int, int] = {}
    for row in rows[:_LOOKED_AT]:
        for place, cell in enumerate(row):
            if "@" in cell:
                counts[place] = counts.get(place, 0) + 1
    head = [cell.strip().casefold() for cell in rows[0]]
    for name in _COLUMNS:
        if name in head and head.index(name) in counts:
            return head.index(name)
    return max(counts, key=lambda place: counts[place]) if counts else None


def _of_column(cells: Sequence[str]) -> Addresses:
    found: list[str] = []
    strange: list[str] = []
    for number, cell in enumerate(cells):
        addresses = _ADDRESS.findall(cell)
        found.extend(addresses)
        # Without an address the first line is the head.
        if not addresses and cell.strip() and number:
            strange.append(cell.strip()[:LONGEST])
    return _gathered(found, strange)


def _gathered(found: Sequence[str], strange: Sequence[str]) -> Addresses:
    lowered = [address.strip(".").lower()[:LONGEST] for address in found]
    unique = list(dict.fromkeys(lowered))
    odd = list(dict.fromkeys(strange))
    if len(unique) + len(odd) > MOST_ADDRESSES:
        raise too_many(len(unique) + len(odd))
    return Addresses(unique, len(lowered) - len(unique), odd)
