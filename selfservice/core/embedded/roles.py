"""The database role that the admin's pages read with: it can't write anything."""

from __future__ import annotations

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

OVERSIGHT = "portal_oversight"
CREATE = f"""
DO $$ BEGIN
    CREATE ROLE {OVERSIGHT} LOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""
# `public` is the one schema; tables of later migrations follow by the defaults.
GRANTS = (
    f"ALTER ROLE {OVERSIGHT} SET default_transaction_read_only = on",
    f"GRANT USAGE ON SCHEMA public TO {OVERSIGHT}",
    f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {OVERSIGHT}",
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {OVERSIGHT}",
)


def ensure_oversight_role(connection: BaseDatabaseWrapper) -> None:
    """Make the role if it isn't there, and let it read every table. Run it again."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(CREATE)
        for statement in GRANTS:
            cursor.execute(statement)
