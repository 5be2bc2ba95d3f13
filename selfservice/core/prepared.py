"""Statements that PostgreSQL plans once for a connection, not every time.

For what pages ask all the time and what has one plan whatever its values: a row by its
key, the first few of an index. To plan such a statement takes several times as long as
to run it (docs/performance.md). Where the best plan hangs on the values, on many rows
or few, the usual cursor is right: it plans for them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections
from django.db.utils import NotSupportedError

logger = logging.getLogger(__name__)


class Prepared:
    """One statement, with placeholders as Django's cursors have them."""

    def __init__(self, sql: str) -> None:
        # Traces know of the usual cursors only.
        self._sql, self._kept = sql, not settings.TRACES_ENDPOINT

    def rows(
        self, using: str, asked: Sequence[Any] | Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """All rows. Raises what Django's cursors raise."""
        connection = connections[using]
        if self._kept:
            try:
                with _preparing(connection) as cursor:
                    return _read(cursor, self._sql, asked)
            except NotSupportedError:
                # A column has another type than when it was planned. A connection of
                # a pooler keeps such a plan for an hour.
                self._kept = False
                logger.warning("A statement isn't prepared any more: %s", self._sql)
                if connection.in_atomic_block:
                    raise
        with connection.cursor() as cursor:
            return _read(cursor, self._sql, asked)


def _read(cursor: Any, sql: str, asked: Any) -> list[tuple[Any, ...]]:
    cursor.execute(sql, asked)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@contextmanager
def _preparing(connection: Any) -> Iterator[Any]:
    """As `connection.cursor()`, but that values travel apart from the statement.

    psycopg prepares only such ones. It isn't told to in the settings: there it would
    count, and keep, every text that the usual cursors send. Where statements are
    logged they are to show their values, and nothing is prepared.
    """
    if connection.queries_logged:
        with connection.cursor() as cursor:
            yield cursor
        return
    connection.ensure_connection()
    raw = connection.connection
    with connection.wrap_database_errors:
        cursor = connection.make_cursor(psycopg.Cursor(raw))
    raw.prepare_threshold = 0
    try:
        with cursor:
            yield cursor
    finally:
        raw.prepare_threshold = None
