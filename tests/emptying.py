"""Empty the database after a test that committed, fast.

Django truncates every table, which makes a new file for each and for each index,
and then makes its content types and permissions anew. Few tables have rows after a
test: to look for them and to delete those costs a tenth of that or less.
"""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

# What migrations make, and nothing else does.
KEPT = ("django_migrations", "django_content_type", "auth_permission")

# Whoever still writes is waited for, else their rows would be another test's. The
# replica's role skips the triggers: those of foreign keys, and those that refuse.
EMPTY = """
DO $$
DECLARE name regclass; filled boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN {tables} LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', name);
    END LOOP;
    FOR name IN {tables} LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', name) INTO filled;
        IF filled THEN
            EXECUTE format('DELETE FROM %s', name);
        END IF;
    END LOOP;
END $$
"""
TABLES = """
SELECT c.oid::regclass FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
    AND c.relname <> ALL (ARRAY{kept!r}) ORDER BY c.relname
"""
MAY_SKIP_TRIGGERS = "SELECT current_setting('is_superuser')::boolean"


def install() -> None:
    TransactionTestCase._fixture_teardown = _empty


def _empty(case: Any) -> None:
    for alias in case._databases_names(include_mirrors=False):
        empty(connections[alias])


def empty(connection: BaseDatabaseWrapper) -> None:
    """Delete the rows of every table, the queue's too, except KEPT."""
    tables = TABLES.format(kept=list(KEPT))
    with connection.cursor() as cursor:
        cursor.execute(MAY_SKIP_TRIGGERS)
        if cursor.fetchone()[0]:
            cursor.execute(EMPTY.format(tables=tables))
            return
        cursor.execute("DELETE FROM procrastinate_jobs")
    call_command("flush", verbosity=0, interactive=False, database=connection.alias)
