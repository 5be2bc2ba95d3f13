"""The embedded PostgreSQL: one server for all, and none when nobody is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from selfservice.core.embedded import Server, ServerError
from selfservice.core.embedded.processes import await_end, pid_in

ROOT = Path(__file__).parents[3]
USE = """
import sys, time
from pathlib import Path
import psycopg
from selfservice.core.embedded import Server
server = Server(Path(sys.argv[1]))
while "late" in sys.argv and not server.is_up():
    time.sleep(0.001)
server.ensure()
psycopg.connect(host=str(server.socket_dir), user="portal", dbname="portal").close()
print("up", flush=True)
sys.stdin.read()
"""

LONG = "SELECT count(md5(a::text)) FROM generate_series(1, 40000000) a"


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "a folder, it's mine" / "pg"
    yield folder
    Server(folder).stop("immediate")


@pytest.fixture
def server(base: Path) -> Iterator[Server]:
    made = Server(base, {"fsync": "off"})
    yield made
    made.release()


def user_of(base: Path, *when: str) -> subprocess.Popen[str]:
    """Another process that uses the server until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", USE, base, *when],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def leave(user: subprocess.Popen[str]) -> None:
    user.communicate(timeout=30)


def wait_until_down(base: Path) -> None:
    deadline = time.monotonic() + 10
    while Server(base).is_up():
        assert time.monotonic() < deadline, "it still runs"
        time.sleep(0.05)


def kill(server: Server) -> None:
    pid = pid_in(server.data / "postmaster.pid")
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert await_end(pid, 10)


def connect(server: Server) -> psycopg.Connection:
    place = str(server.socket_dir)
    return psycopg.connect(host=place, user="portal", dbname="portal")


def setting(server: Server, name: str) -> str:
    with connect(server) as connection:
        (value,) = connection.execute(f"SHOW {name}").fetchone()
    return str(value)


def test_processes_that_start_it_at_once_share_one_server(base: Path) -> None:
    users = [user_of(base) for _ in range(7)]
    # And one that comes as soon as the server answers, before it is ready.
    users.append(user_of(base, "late"))

    said = [user.stdout.readline() for user in users if user.stdout]

    assert said == ["up\n"] * 8
    assert (base / "server.log").read_text().count("ready to accept") == 1
    for user in users[1:]:
        leave(user)
    assert Server(base).is_up()
    leave(users[0])
    wait_until_down(base)


def test_it_ends_when_its_last_user_is_killed(base: Path) -> None:
    user = user_of(base)
    assert user.stdout
    assert user.stdout.readline() == "up\n"

    user.kill()
    leave(user)

    wait_until_down(base)


def test_it_comes_back_after_its_own_process_was_killed(server: Server) -> None:
    assert not server.ensure()
    kill(server)

    assert server.ensure()

    assert setting(server, "fsync") == "off"
    assert not server.ensure()


def test_a_query_that_outlives_the_server_does_not_keep_it_from_starting(
    server: Server,
) -> None:
    server.ensure()
    with connect(server) as busy, ThreadPoolExecutor(1) as thread:
        lost = thread.submit(busy.execute, LONG)
        time.sleep(0.3)
        kill(server)

        server.ensure()

        with pytest.raises(psycopg.OperationalError):
            lost.result()
    assert setting(server, "fsync") == "off"


def test_a_pid_that_is_another_programs_by_now_is_neither_feared_nor_signalled(
    server: Server,
) -> None:
    server.ensure()
    server.stop("immediate")
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE
    ) as other:
        lines = f"{other.pid}\n{server.data}\n"
        (server.data / "postmaster.pid").write_text(lines)

        server.stop("immediate")
        server.ensure()

        assert server.is_up()
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("name", ["d" * 60 + "/" + "e" * 60, "a,b"])
def test_a_folder_that_cannot_hold_a_socket_works(tmp_path: Path, name: str) -> None:
    deep = Server(tmp_path / name / "pg")

    deep.ensure()

    assert len(str(deep.socket_dir)) < 100
    assert setting(deep, "listen_addresses") == ""
    deep.release()
    assert not deep.is_up()
    assert not deep.socket_dir.exists()


def test_only_its_owner_may_enter(server: Server) -> None:
    server.ensure()

    for folder in (server.base, server.data, server.socket_dir):
        assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["a$b", "a`b", 'a"b', "a\\b"])
def test_a_folder_that_the_tools_cannot_take_is_refused(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(ServerError, match="Choose another folder"):
        Server(tmp_path / name).ensure()


def test_data_of_another_version_is_refused(base: Path) -> None:
    (base / "data").mkdir(parents=True)
    (base / "data" / "PG_VERSION").write_text("9\n")

    with pytest.raises(ServerError, match="was made by PostgreSQL 9"):
        Server(base).ensure()
