"""Reading the admin center's "Export users" file: bytes in, people and problems out.

Nothing here looks at the database.
"""

from __future__ import annotations

import codecs
import csv
import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Sequence
from io import TextIOWrapper
from typing import Any, BinaryIO

from selfservice.accounts.services.directory_cells import (
    COLUMNS,
    OBJECT_ID,
    PROXIES,
    REQUIRED,
    UPN,
    BadCell,
    Column,
)

GUEST_MARK = "#ext#"


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with the file: the line as an editor counts, the column."""

    line: int
    column: str
    sentence: str

    def __str__(self) -> str:
        column = f", {self.column}" if self.column else ""
        return f"line {self.line}{column}: {self.sentence}"


@dataclasses.dataclass(slots=True)
class Entry:
    """One person of the file. What the file has no column for stays as it is."""

    line: int
    upn: str
    display_name: str
    email: str = ""
    object_id: str = ""
    first_name: str = ""
    last_name: str = ""
    department: str = ""
    title: str = ""
    usage_location: str = ""
    is_active: bool = True
    removed_at: dt.datetime | None = None
    is_guest: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class DirectoryFile:
    """What a file says. With any problem, nothing of it is to be used.

    `fields` are those of `Entry` that the file has columns for.
    """

    fields: frozenset[str]
    entries: list[Entry]
    problems: list[Problem]


def read_directory(stream: BinaryIO) -> DirectoryFile:
    """Read the whole file; every problem in it is in the answer."""
    reading = _Reading()
    encoding = encoding_of(stream)
    with TextIOWrapper(stream, encoding, newline="") as text:
        try:
            reading.read(text)
        except csv.Error as error:
            reading.note(reading.line, "", f"From here on this is no CSV ({error}).")
        except UnicodeDecodeError:
            line = _undecodable_line(text.buffer, encoding)
            reading.note(line, "", "This is neither UTF-8 nor UTF-16.")
    fields = frozenset(column.field for _place, column in reading.columns)
    return DirectoryFile(fields, reading.entries, sorted(reading.problems))


class _Reading:
    """The state of one reading of one file."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.problems: list[Problem] = []
        self.columns: list[tuple[int, Column]] = []
        self.line = 1
        # The line on which a value stands first, by what must be unique.
        self._seen: dict[str, dict[str, int]] = {"upn": {}, "id": {}, "mail": {}}

    def note(self, line: int, column: str, sentence: str) -> None:
        self.problems.append(Problem(line, column, sentence))

    def read(self, text: TextIOWrapper) -> None:
        rows = self._rows(text)
        header = next(rows, [])
        self._read_header(header)
        if self.problems:
            return
        for cells in rows:
            if not any(cells):
                continue
            if len(cells) == len(header):
                self._read_row(cells)
            else:
                sentence = f"{len(cells)} cells under a header of {len(header)}."
                self.note(self.line, "", sentence)

    def _rows(self, text: TextIOWrapper) -> Iterator[list[str]]:
        """The rows; `self.line` is the line on which the current one begins."""
        first = text.readline()
        delimiter = max(",;\t", key=first.count)
        lines: Iterable[str] = itertools.chain([first], text)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        for cells in reader:
            yield cells
            self.line = reader.line_num + 1

    def _read_header(self, header: Sequence[str]) -> None:
        names = [cell.strip().casefold() for cell in header]
        for column in COLUMNS:
            times = names.count(column.title.casefold())
            if times > 1:
                self.note(1, column.title, "The file has this column twice.")
            elif times == 1:
                self.columns.append((names.index(column.title.casefold()), column))
            elif column in REQUIRED:
                self.note(1, column.title, "The file has no such column.")

    def _read_row(self, cells: Sequence[str]) -> None:
        values: dict[str, Any] = {}
        before = len(self.problems)
        for place, column in self.columns:
            try:
                values[column.field] = column.parse(cells[place])
            except BadCell as error:
                self.note(self.line, column.title, str(error))
        if len(self.problems) > before:
            return
        entry = Entry(line=self.line, **values)
        entry.is_guest = GUEST_MARK in entry.upn.casefold()
        entry.email = (entry.email or entry.upn).lower()
        if self._is_first(entry):
            self.entries.append(entry)

    def _is_first(self, entry: Entry) -> bool:
        """Whether no line before has the same id or address; notes it if one has."""
        mail_column = UPN if entry.email == entry.upn.lower() else PROXIES
        for kind, column, value in (
            ("upn", UPN, entry.upn),
            ("id", OBJECT_ID, entry.object_id),
            ("mail", mail_column, entry.email),
        ):
            lines = self._seen[kind]
            if value and lines.setdefault(value.lower(), entry.line) != entry.line:
                sentence = f"“{value}” is already on line {lines[value.lower()]}."
                self.note(entry.line, column.title, sentence)
                return False
        return True


def encoding_of(stream: BinaryIO) -> str:
    """From the mark at the beginning, else from where the zero bytes are."""
    start = stream.read(4)
    stream.seek(0)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if start[1:2] == b"\0":
        return "utf-16-le"
    if start[:1] == b"\0":
        return "utf-16-be"
    return "utf-8-sig"


def _undecodable_line(stream: BinaryIO, encoding: str) -> int:
    """The line of the first bytes that are no text."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    for chunk in iter(lambda: stream.read(4096), b""):
        try:
            line += decoder.decode(chunk).count("\n")
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(encoding, "ignore")
            return line + good.count("\n")
    return line
