"""Pieces of schema that Django's models can't say, for migrations."""

from __future__ import annotations

from django.db.migrations import RunSQL


def within_organization(name: str, *, table: str, column: str, target: str) -> RunSQL:
    """A foreign key that also holds the organization: no row points across tenants.

    `target` needs a unique constraint on (organization_id, id).
    """
    return RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name}"
        f" FOREIGN KEY (organization_id, {column})"
        f" REFERENCES {target} (organization_id, id) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )
