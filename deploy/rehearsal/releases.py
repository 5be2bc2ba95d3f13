"""Two versions of the code, in a repository that the machines can clone."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRST, SECOND = "v1.0", "v1.1"
_SOMEBODY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "rehearsal"), ("EMAIL", "rehearsal@localhost"))
}
# What an upgrade brings: a column and an index on a table that is in use.
_MIGRATION = '''"""Only for the rehearsal of an upgrade."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "{after}")]
    operations = [
        migrations.AddField("user", "rehearsed", models.DateField(null=True)),
        AddIndexConcurrently(
            "user",
            models.Index(fields=["organization", "rehearsed"], name="user_rehearsed"),
        ),
    ]
'''


def publish(repository: Path) -> None:
    """Put this checkout there, as it is, and a next version with a migration."""
    _git("init", "--quiet", "--bare", str(repository))
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        _git("read-tree", "HEAD", **index)
        _git("add", "--all", **index)
        first = _commit("HEAD", **index)
        blob = _git(
            "hash-object", "-w", "--stdin", said=_MIGRATION.format(after=_last())
        )
        path = "selfservice/accounts/migrations/9999_rehearsed.py"
        _git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", **index)
        second = _commit(first, **index)
    for name, commit in ((FIRST, first), (SECOND, second)):
        _git("push", "--quiet", str(repository), f"{commit}:refs/tags/{name}")


def _last() -> str:
    folder = ROOT / "selfservice/accounts/migrations"
    return max(path.stem for path in folder.glob("0*.py"))


def _commit(parent: str, **environment: str) -> str:
    tree = _git("write-tree", **environment)
    made = ("commit-tree", tree, "-p", parent, "-m", "Rehearse")
    return _git(*made, **environment)


def _git(*arguments: str, said: str = "", **environment: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=ROOT,
        env={**os.environ, **_SOMEBODY, **environment},
        input=said,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
