"""What locks a table for as long as it has rows, beside what the linter knows itself.

Everything but an upgrade would wait behind it: the statements run while people work.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.db.migrations.migration import Migration
from django.db.migrations.operations import RunPython
from django_migration_linter import MigrationLinter
from django_migration_linter.sql_analyser.base import (
    Check,
    CheckMode,
    CheckType,
    Issue,
)
from django_migration_linter.sql_analyser.postgresql import PostgresqlAnalyser

# The body of a function is stored, not run; that of a DO is.
_BODY = re.compile(r"\bAS\s+\$(\w*)\$.*?\$\1\$", re.DOTALL | re.IGNORECASE)
_CREATED = re.compile(r'^CREATE TABLE (?:IF NOT EXISTS )?"?(\w+)', re.IGNORECASE)
_TABLE = re.compile(
    r'^(?:ALTER TABLE|UPDATE|DELETE FROM|INSERT INTO)(?: ONLY)? "?(\w+)', re.IGNORECASE
)
_VALIDATED_LATER = r"(?!.*\bNOT VALID\b)"

_HELD = (
    "RunPython in one transaction keeps what it locks to its end: atomic = False, and"
    " each batch in a transaction of its own"
)
CODES = {
    "WHOLE_TABLE": (
        r"(?:^|\b(?:BEGIN|LOOP|THEN)\s+)"
        r"(?:UPDATE|DELETE FROM|INSERT INTO .*\bSELECT)\b",
        "rows are written in one statement, and locked until all are: go through"
        " them in batches, in a job or a RunPython with atomic = False",
    ),
    "CONSTRAINT": (
        rf"^ALTER TABLE .*\bADD CONSTRAINT (?!.*\bUNIQUE\b){_VALIDATED_LATER}",
        "a constraint reads the whole table while nobody writes: add it NOT VALID"
        " (AddConstraintNotValid), then ValidateConstraint in a migration of its own",
    ),
    "SET_NOT_NULL": (
        r"\bALTER COLUMN .*\bSET NOT NULL\b",
        "SET NOT NULL reads the whole table while nobody reads or writes: first a"
        " valid CHECK (… IS NOT NULL), with which it reads nothing",
    ),
    "REWRITE": (
        r"\bADD COLUMN .*(?:\bGENERATED ALWAYS\b.*\bSTORED\b"
        r"|\bDEFAULT\s*\(?\s*(?:gen_random_uuid|uuidv[47]|random|clock_timestamp"
        r"|nextval)\b)"
        r"|^(?:VACUUM FULL|CLUSTER)\b|\bSET (?:UN)?LOGGED\b|\bSET TABLESPACE\b",
        "PostgreSQL writes the whole table anew while nobody reads or writes: add the"
        " column empty, fill it in batches",
    ),
}


class Analyser(PostgresqlAnalyser):
    """The linter's own checks, and ours."""

    migration_checks = [
        *PostgresqlAnalyser.migration_checks,
        *(
            Check(
                code=code,
                fn=lambda lines, pattern=pattern, **_: found(lines, pattern),
                message=message,
                mode=CheckMode.TRANSACTION,
                type=CheckType.ERROR,
            )
            for code, (pattern, message) in CODES.items()
        ),
    ]


def found(lines: Iterable[str], pattern: str) -> bool:
    """Whether a statement on a table that was there before matches."""
    new = set[str]()
    for statement in _statements(lines):
        if created := _CREATED.match(statement):
            new.add(created[1])
        table = _TABLE.match(statement)
        if table and table[1] in new:
            continue
        if re.search(pattern, statement, re.IGNORECASE):
            return True
    return False


def _statements(lines: Iterable[str]) -> list[str]:
    code = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
    parts = _BODY.sub("AS ''", code).split(";")
    return [" ".join(part.split()) for part in parts if part.strip()]


class Linter(MigrationLinter):
    """The linter, with this analyser."""

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(path, analyser_string="postgresql", **options)
        self.sql_analyser_class = Analyser

    def analyse_data_migration(
        self, migration: Migration
    ) -> tuple[list[Issue], list[Issue], list[Issue]]:
        errors, ignored, warnings = super().analyse_data_migration(migration)
        runs = any(isinstance(each, RunPython) for each in migration.operations)
        if runs and migration.atomic:
            errors.append(Issue("HELD", _HELD))
        return errors, ignored, warnings
