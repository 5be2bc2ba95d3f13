"""The database role that the admin's pages read with: it can't write anything.

It reads only what is registered here: a table that a later migration makes, and every
column of it, is out of its reach until somebody decides otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from selfservice.core.hooks import Registry

OVERSIGHT = "portal_oversight"
CREATE = """
DO $$ BEGIN
    CREATE ROLE {role} LOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""
# `public` is the one schema.
RIGHTS = """
ALTER ROLE {role} SET default_transaction_read_only = on
GRANT USAGE ON SCHEMA public TO {role}
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM {role}
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}
"""

# Table → its columns that may be read.
readable: Registry[tuple[str, ...]] = Registry("readable")


def let_read(model: type[models.Model], *fields: str) -> None:
    """Let the role read these fields of a table; without any, all of them."""
    fields_here = model._meta.concrete_fields
    columns = {each.name: each.column for each in fields_here if each.column}
    known = tuple(columns[name] for name in fields or columns)
    readable.register(model._meta.db_table, known)


def statements(role: str = OVERSIGHT) -> Iterator[str]:
    """What makes the role, or makes it what it is to be; run them again and again."""
    yield CREATE.format(role=role).strip()
    yield from RIGHTS.format(role=role).strip().splitlines()
    for table in readable:
        columns = ", ".join(readable.get(table) or ())
        yield f"GRANT SELECT ({columns}) ON {table} TO {role}"


def ensure_oversight_role(connection: BaseDatabaseWrapper) -> None:
    """Make the role if it isn't there, and let it read what it may."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in statements():
            cursor.execute(statement)
