"""As root: one way into PostgreSQL a folder, whoever comes to it later."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfservice.core.embedded import Server
from selfservice.core.embedded.root import way

ROOT = Path(__file__).parents[3]
START = """
import sys
from pathlib import Path
from selfservice.core.embedded import Server, ServerError
try:
    Server(Path(sys.argv[1])).ensure()
except ServerError as error:
    sys.exit(str(error))
"""
# As OpenTelemetry does: whoever forks gets its threads back in the child.
WITH_THREADS = """
import os, threading, time
def begin():
    threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
os.register_at_fork(after_in_child=begin)
"""
# To be root where no further namespace may be made.
CONFINED = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'


def _may_enter() -> bool:
    asked = ["unshare", "--user", "--map-root-user", "true"]
    return os.geteuid() == 0 and subprocess.run(asked, check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    not _may_enter(), reason="only for root, and where it may make user namespaces"
)


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "pg"
    yield folder
    Server(folder).stop("immediate")


def python(
    code: str, base: Path, *within: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*within, sys.executable, "-c", code, str(base)],
        cwd=ROOT,
        env={**os.environ, "CI": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def owners(base: Path) -> set[int]:
    return {(base / name).stat().st_uid for name in ("data", "run")}


def test_a_process_whose_forks_have_threads_goes_the_same_way(base: Path) -> None:
    done = python(WITH_THREADS + START, base)

    assert done.returncode == 0, done.stderr
    assert owners(base) == {0}


def test_a_folder_keeps_its_way_whatever_is_asked_for_later(base: Path) -> None:
    python(START, base)

    done = python(START, base, PORTAL_PG_ROOT="setuid")

    assert done.returncode == 0, done.stderr
    assert owners(base) == {0}


def test_who_cannot_go_its_way_leaves_a_folder_as_it_is(base: Path) -> None:
    python(START, base)
    confined = ("unshare", "--user", "--map-root-user", "sh", "-euc", CONFINED, "sh")

    done = python(START, base, *confined)

    assert done.returncode == 1
    assert "was made in a user namespace" in done.stderr
    assert f"chown -R postgres {base}" in done.stderr
    assert owners(base) == {0}


def test_a_folder_of_an_ordinary_user_stays_that_users(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    given = tmp_path / "given"
    (given / "data").mkdir(parents=True)
    os.chown(given / "data", nobody, -1)

    assert way(given).uid == nobody
    assert way(tmp_path / "new").uid == 0
