"""The demo as one whole: it starts, finds its data, and leaves no process behind."""

import os
import shutil
import signal
import stat
from pathlib import Path

import pytest
import requests

from tests.demo.conftest import Start
from tests.demo.demo_process import processes_of, wait_until

KEPT = "SELECT count(*) FROM pg_tables WHERE tablename = 'kept'"


def pid_of(var: Path, words: str) -> int:
    return next(pid for pid, said in processes_of(var).items() if words in said)


def test_a_later_start_finds_the_data_and_ctrl_c_ends_every_process(
    used_var: Path, start: Start
) -> None:
    demo = start(used_var).wait_until_ready()

    assert demo.query(KEPT) == [(1,)]
    page = requests.get(demo.address, timeout=30)
    assert page.url == f"{demo.address}/accounts/login/?next=/"
    assert {"manage.py worker", "granian", "sandbox", "postgres"} <= {
        name
        for name in ("manage.py worker", "granian", "sandbox", "postgres")
        if pid_of(used_var, name)
    }
    assert demo.end(signal.SIGINT) == 0
    wait_until(lambda: not processes_of(used_var), 5)


def test_a_start_right_after_a_kill_waits_for_what_is_left(
    used_var: Path, start: Start
) -> None:
    killed = start(used_var).wait_until_ready()
    port = killed.address.rpartition(":")[2]
    killed.end(signal.SIGKILL)

    again = start(used_var, "--port", port).wait_until_ready()
    assert again.query(KEPT) == [(1,)]
    os.kill(pid_of(used_var, "manage.py worker"), signal.SIGKILL)

    # And when one process of it dies, the others don't go on without it.
    assert again.process.wait(20) == 1
    again.end()
    assert "The worker ended, so everything ends." in again.said
    wait_until(lambda: not processes_of(used_var), 5)


def test_only_stripes_address_comes_from_outside_and_a_kill_ends_all(
    used_var: Path, start: Start
) -> None:
    between = "http://127.0.0.1:9"
    demo = start(
        used_var,
        *("--port", "0"),
        STRIPE_API_BASE=between,
        STRIPE_SECRET_KEY="sk_live_not_for_the_demo",
        DATABASE_URL="postgresql://somebody@elsewhere.example/theirs",
        PGHOST="elsewhere.example",
    ).wait_until_ready()

    for name in ("manage.py worker", "granian"):
        pid = pid_of(used_var, name)
        has = Path(f"/proc/{pid}/environ").read_text().split("\0")
        assert f"STRIPE_API_BASE={between}" in has
        assert not any("sk_live" in word or "elsewhere" in word for word in has)
    assert "DATABASE_URL is set; the demo doesn't use it." in demo.said
    assert demo.end(signal.SIGKILL) == -signal.SIGKILL
    wait_until(lambda: not processes_of(used_var), 10)


def test_two_demos_run_side_by_side_and_a_third_is_refused(
    used_var: Path, tmp_path: Path, start: Start
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(used_var, copy)
    one = start(used_var).wait_until_ready()
    port = one.address.rpartition(":")[2]

    same_folder = start(used_var)
    same_port = start(tmp_path / "third", "--port", port)
    other = start(copy)

    assert same_folder.end(0) == same_port.end(0) == 1
    assert f"A demo already runs on {used_var}: process" in same_folder.said
    assert f"Port {port} is in use." in same_port.said
    for demo in (one, other.wait_until_ready()):
        assert requests.get(f"{demo.address}/readyz", timeout=30).status_code == 200


def test_a_reset_starts_afresh_and_deletes_nothing_else(
    tmp_path: Path, start: Start
) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "store.db").write_text("not a database at all")

    start(tmp_path, "--port", "0", "--reset").wait_until_ready()

    assert (tmp_path / "theirs").is_dir()
    secrets = (tmp_path / "secrets").stat()
    assert stat.S_IMODE(secrets.st_mode) == 0o600


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_it_can_be_stopped_while_it_starts(
    tmp_path: Path, start: Start, number: int
) -> None:
    demo = start(tmp_path).wait_until_it_says("Migrations")

    assert demo.end(number) == 0

    assert "Stopping." in demo.said
    wait_until(lambda: not processes_of(tmp_path), 5)
