"""`.ci/migrations.py` refuses what an upgrade under load could not live with."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox_process import ROOT

QUIET = {"DJANGO_SETTINGS_MODULE": "selfservice.settings.test", "LOG_LEVEL": "WARNING"}
ROOMS = ("selfservice", "billing", "licensing")
HEAD = """
import uuid
from django.contrib.postgres.operations import *
from django.db import migrations, models
from django.db.models.functions import Lower

def rename_all(apps, schema_editor):
    User = apps.get_model("accounts", "User")
    User.objects.update(title="")

class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("accounts", "{before}")]
    operations = [{operations}]
"""
SQL = 'migrations.RunSQL("{}", migrations.RunSQL.noop)'
UNSAFE = {
    "filled_without_default": (
        'migrations.AddField("user", "a", models.TextField(default=""))',
        "NOT NULL",
    ),
    "index": (
        'migrations.AddIndex("user", models.Index(fields=["title"], name="by_title"))',
        "CREATE INDEX",
    ),
    "index_dropped": (
        'migrations.RemoveIndex("user", "user_by_name")',
        "DROP INDEX",
    ),
    "unique": (
        'migrations.AddConstraint("user", models.UniqueConstraint('
        'fields=["organization", "title"], name="one_title"))',
        "unique",
    ),
    "check": (
        'migrations.AddConstraint("user", models.CheckConstraint('
        'condition=~models.Q(title="x"), name="no_x"))',
        "NOT VALID",
    ),
    "foreign_key": (
        SQL.format(
            "ALTER TABLE accounts_user ADD CONSTRAINT theirs"
            " FOREIGN KEY (organization_id) REFERENCES accounts_organization (id)"
        ),
        "NOT VALID",
    ),
    "not_null": (
        SQL.format("ALTER TABLE accounts_user ALTER COLUMN title SET NOT NULL"),
        "SET NOT NULL",
    ),
    "another_type": (
        'migrations.AlterField("user", "title", models.IntegerField())',
        "ALTERING",
    ),
    "computed": (
        'migrations.AddField("user", "b", models.GeneratedField('
        'expression=Lower("title"), output_field=models.TextField(), db_persist=True))',
        "writes the whole table anew",
    ),
    "volatile_default": (
        SQL.format(
            "ALTER TABLE accounts_user ADD COLUMN c uuid"
            " DEFAULT gen_random_uuid() NOT NULL"
        ),
        "writes the whole table anew",
    ),
    "everybody_in_one_statement": (
        SQL.format("UPDATE accounts_user\\n SET title = upper(title)"),
        "in batches",
    ),
    "everybody_in_a_block": (
        SQL.format("DO $$ BEGIN DELETE FROM accounts_user; END $$"),
        "in batches",
    ),
    "everybody_in_python": (
        "migrations.RunPython(rename_all, migrations.RunPython.noop)",
        "atomic = False",
    ),
    "renamed": ('migrations.RenameField("user", "department", "team")', "RENAMING"),
    "dropped": ('migrations.RemoveField("user", "usage_location")', "DROPPING"),
}
SAFE = {
    "may_be_empty": 'migrations.AddField("user", "d", models.TextField(null=True))',
    "default_in_the_database": (
        'migrations.AddField("user", "e", models.TextField(default="", db_default=""))'
    ),
    "concurrently": (
        'AddIndexConcurrently("user", models.Index(fields=["d"], name="by_d"))'
    ),
    "checked_later": (
        'AddConstraintNotValid("user", models.CheckConstraint('
        'condition=~models.Q(d="x"), name="no_d"))'
    ),
    "checked": 'ValidateConstraint("user", "no_d")',
    "a_trigger": SQL.format(
        "CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " UPDATE accounts_user SET title = ''; RETURN NULL; END $$"
    ),
    "a_new_table": (
        'migrations.CreateModel("New", [("id", models.UUIDField(primary_key=True)),'
        ' ("name", models.TextField(unique=True))])'
    ),
}
LOCKLESS = {"concurrently", "everybody_in_one_statement"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The code that has migrations, and what checks them."""
    for name in (*ROOMS, ".ci"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    return tmp_path


def plant(checkout: Path, operations: dict[str, str]) -> None:
    """One migration each, one after the other, behind those that are there."""
    folder = checkout / "selfservice/accounts/migrations"
    before = max(path.stem for path in folder.glob("0*.py"))
    for number, (name, operation) in enumerate(operations.items(), 900):
        text = HEAD.format(
            atomic=name not in LOCKLESS, before=before, operations=operation
        )
        before = f"0{number}_{name}"
        (folder / f"{before}.py").write_text(text)


def lint(checkout: Path) -> tuple[int, dict[str, str]]:
    """The status, and what is said of each migration."""
    done = subprocess.run(
        [sys.executable, ".ci/migrations.py"],
        cwd=checkout,
        env=os.environ | QUIET,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    said = re.findall(r"\(\w+, 0\d+_(\w+)\)\.\.\. ERR\n((?:\t.*\n)*)", done.stdout)
    return done.returncode, dict(said)


def test_what_an_upgrade_can_not_live_with_is_refused(checkout: Path) -> None:
    plant(checkout, {name: operation for name, (operation, _) in UNSAFE.items()})

    status, said = lint(checkout)

    assert status == 1
    assert set(said) == set(UNSAFE)
    for name, (_, word) in UNSAFE.items():
        assert word in said[name], (name, said[name])


def test_what_an_upgrade_can_live_with_is_let_through(checkout: Path) -> None:
    plant(checkout, SAFE)

    assert lint(checkout) == (0, {})


def test_no_migration_to_come_is_exempt() -> None:
    sys.path.insert(0, str(ROOT / ".ci"))
    try:
        checked = runpy.run_path(str(ROOT / ".ci/migrations.py"))
    finally:
        sys.path.remove(str(ROOT / ".ci"))
    last = dict(sorted(checked["_migrations"]()))

    for app, number in checked["BEFORE_THE_FIRST_RELEASE"].items():
        assert number <= int(last[app][:4]), app
