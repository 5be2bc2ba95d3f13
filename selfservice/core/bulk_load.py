"""Filling tables with millions of rows through their own schema.

Foreign keys and indexes cost most when rows come one by one. They are taken off and
put back in the same transaction: PostgreSQL then builds each index and checks each
key over all rows at once, and refuses the whole when one row is wrong. Primary keys,
CHECK constraints and triggers stay in force all the time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.apps import apps
from django.db.backends.utils import CursorWrapper
from django.db.models import Field, JSONField

_FOREIGN_KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
FROM pg_constraint
WHERE contype = 'f' AND conrelid = ANY(%s::regclass[]) ORDER BY conrelid, conname
"""
# Those that no key of another table needs, once the keys above are off.
_UNIQUES = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
FROM pg_constraint c
WHERE contype = 'u' AND conrelid = ANY(%s::regclass[]) AND NOT EXISTS (
    SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = c.conindid)
ORDER BY conrelid, conname
"""
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM pg_index i
WHERE indrelid = ANY(%s::regclass[])
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
ORDER BY indrelid, indexrelid
"""
# Sorting and joining millions of rows in memory, and nobody waits for the disk.
_ROOM = """
SET LOCAL maintenance_work_mem = '512MB';
SET LOCAL work_mem = '256MB';
SET LOCAL synchronous_commit = off;
SET LOCAL timezone = 'UTC'
"""


@contextmanager
def filled_at_once(cursor: CursorWrapper, tables: Sequence[str]) -> Iterator[None]:
    """Take foreign keys, unique constraints and indexes off `tables`; put them back.

    Inside the caller's transaction, so that nobody ever sees the tables without.
    Meanwhile a column that isn't named gets what its model would put there. Raises
    IntegrityError for rows that one of them refuses.
    """
    cursor.execute(_ROOM)
    filled = _columns_with_values(tables)
    for table, column, value in filled:
        cursor.execute(f"ALTER TABLE {table} ALTER {column} SET DEFAULT %s", [value])
    # A table of which something is still to be checked can't be altered.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    keys = _taken_off(cursor, _FOREIGN_KEYS, tables)
    uniques = _taken_off(cursor, _UNIQUES, tables)
    cursor.execute(_INDEXES, [list(tables)])
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    # What was written meanwhile may have asked to be looked at later.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for _name, definition in indexes:
        cursor.execute(definition)
    _put_back(cursor, uniques)
    for table, column, _value in filled:
        cursor.execute(f"ALTER TABLE {table} ALTER {column} DROP DEFAULT")
    # Each key is checked by a join, which is planned by what is known of the tables.
    for table in tables:
        cursor.execute(f"ANALYZE {table}")
    _put_back(cursor, keys)


def _columns_with_values(
    tables: Sequence[str],
) -> list[tuple[str, str, str | int | bool]]:
    """Table, column and value of what a model fills in by itself, always the same.

    A column that was added since a statement was written doesn't break it.
    """
    return [
        (model._meta.db_table, str(field.column), _stored(field))
        for model in apps.get_models()
        if model._meta.db_table in tables
        for field in model._meta.concrete_fields
        if not (field.null or field.has_db_default() or field.primary_key)
        if field.has_default() or field.empty_strings_allowed
        if not field.is_relation
    ]


def _stored(field: Field[object, object]) -> str | int | bool:
    value: str | int | bool = field.get_default()
    return json.dumps(value) if isinstance(field, JSONField) else value


def _taken_off(
    cursor: CursorWrapper, constraints: str, tables: Sequence[str]
) -> list[tuple[str, str, str]]:
    """Drop them; their tables, names and definitions."""
    cursor.execute(constraints, [list(tables)])
    found: list[tuple[str, str, str]] = cursor.fetchall()
    for table, name, _definition in found:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return found


def _put_back(cursor: CursorWrapper, constraints: list[tuple[str, str, str]]) -> None:
    for table, name, definition in constraints:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
