"""Lists as CSV files that a spreadsheet opens, whatever their length."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from babel import Locale
from defusedcsv import csv
from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse
from django.utils.translation import get_language, to_locale

# Rows that are read, and written, at a time.
CHUNK = 2_000


class _Line:
    """A file whose every write is handed back: nothing is kept."""

    def write(self, text: str) -> str:
        return text


def csv_response(
    name: str, head: Sequence[Any], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """Stream `rows` under `head` as the file `name`, in constant memory.

    UTF-8 with a byte order mark, without which spreadsheets guess. No cell can become
    a formula: one that starts like one gets an apostrophe (`defusedcsv`).
    """
    return StreamingHttpResponse(
        csv_chunks(head, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def csv_chunks(head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The file in pieces of some thousand rows."""
    writer = csv.writer(_Line(), delimiter=delimiter())
    # Now, not at the first piece: by then another language may be active.
    words = [str(word) for word in head]
    return _encoded(writer, words, rows)


def _encoded(
    writer: Any, head: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Iterator[bytes]:
    lines = [writer.writerow(head)]
    yield codecs.BOM_UTF8
    for row in rows:
        lines.append(writer.writerow(row))
        if len(lines) == CHUNK:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()


def delimiter() -> str:
    """What separates cells for this reader's spreadsheet.

    Where the decimal point is a comma, spreadsheets expect a semicolon.
    """
    locale = Locale.parse(to_locale(get_language() or "en"))
    return ";" if locale.number_symbols["latn"]["decimal"] == "," else ","


def in_chunks[Row: Model](found: QuerySet[Row], size: int = CHUNK) -> Iterator[Row]:
    """The rows of `found` by their key, some thousand at a time.

    A statement per chunk instead of a cursor: it needs no transaction, no memory on
    the server, and goes through a pooler. What is added meanwhile may come along.
    """
    ordered, last = found.order_by("pk"), None
    while True:
        rows = list((ordered.filter(pk__gt=last) if last else ordered)[:size])
        yield from rows
        if len(rows) < size:
            return
        last = rows[-1].pk
