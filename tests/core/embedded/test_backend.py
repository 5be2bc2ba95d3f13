"""Django's side of the embedded server, in processes with the demo's settings."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).parents[3]
SERVER_KILLED_BETWEEN_QUERIES = """
import os, signal
import django
django.setup()
from django.db import connection
from selfservice.core.embedded.processes import await_end, pid_in

def server_started():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_postmaster_start_time()")
        (when,) = cursor.fetchone()
    connection.close()  # That is, back to the pool.
    return when

first = server_started()
server = connection.embedded_server
server.is_up = None  # A probe costs PostgreSQL a process; here it would fail.
assert server_started() == first
del server.is_up
pid = pid_in(server.data / "postmaster.pid")
os.kill(pid, signal.SIGKILL)
assert await_end(pid, 10)
assert server_started() > first
"""


def python(
    *arguments: str, var: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    settings = {"DJANGO_SETTINGS_MODULE": "selfservice.settings.demo"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **settings, "PORTAL_VAR": str(var), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_query_fails_when_the_server_is_killed_between_two(tmp_path: Path) -> None:
    done = python("-c", SERVER_KILLED_BETWEEN_QUERIES, var=tmp_path)

    assert done.returncode == 0, done.stderr


def test_the_pg_command_opens_psql_and_stops_the_server(tmp_path: Path) -> None:
    pg = ("manage.py", "pg")
    asked = python(
        *(*pg, "psql", "--", "-Atc", "SELECT 41 + 1"), var=tmp_path, PORTAL_PG_KEEP="1"
    )
    stopped = python(*pg, "stop", var=tmp_path)

    assert asked.stdout == "42\n", asked.stderr
    assert stopped.stdout == "Stopped.\n", stopped.stderr


@pytest.mark.django_db
def test_the_pg_command_tells_what_runs() -> None:
    said = StringIO()

    call_command("pg", "status", stdout=said)

    assert "runs." in said.getvalue()


def test_the_pg_command_leaves_another_server_alone(tmp_path: Path) -> None:
    url = "postgresql://somebody@elsewhere.example/theirs"

    done = python("manage.py", "pg", "stop", var=tmp_path, DATABASE_URL=url)

    assert done.returncode == 1
    assert "names another server" in done.stderr
