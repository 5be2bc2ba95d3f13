"""The embedded PostgreSQL: one server for all, and none when nobody is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from selfservice.core.embedded import Server, ServerError

ROOT = Path(__file__).parents[3]
USE = """
import sys
from pathlib import Path
from selfservice.core.embedded import Server
Server(Path(sys.argv[1])).ensure()
print("up", flush=True)
sys.stdin.read()
"""


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


def user_of(base: Path) -> subprocess.Popen[str]:
    """Another process that uses the server until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", USE, base],
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


def postmaster(server: Server) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def setting(server: Server, name: str) -> str:
    place = str(server.socket_dir)
    with psycopg.connect(host=place, user="portal", dbname="portal") as connection:
        (value,) = connection.execute(f"SHOW {name}").fetchone()  # type: ignore[misc,call-overload]
    return str(value)


def test_processes_that_start_it_at_once_share_one_server(base: Path) -> None:
    users = [user_of(base) for _ in range(4)]

    said = [user.stdout.readline() for user in users if user.stdout]

    assert said == ["up\n"] * 4
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
    server.ensure()
    os.kill(postmaster(server), signal.SIGKILL)
    wait_until_down(server.base)

    server.forget()
    server.ensure()

    assert setting(server, "fsync") == "off"


def test_a_folder_too_deep_for_a_socket_works(tmp_path: Path) -> None:
    deep = Server(tmp_path / ("d" * 60) / ("e" * 60) / "pg")

    deep.ensure()

    assert len(str(deep.socket_dir)) < 100
    assert setting(deep, "listen_addresses") == ""
    deep.release()
    assert not deep.is_up()


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
