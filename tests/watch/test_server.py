"""Real server processes: told to stop while they answer, and without a database."""

from __future__ import annotations

import ctypes
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import connection, transaction

from selfservice.core.demo.ports import free_port
from tests.serving import *
from tests.serving import PATIENCE, Serve, answers_at, database_url, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
TOKEN = "only-for-the-tests-of-metrics"
# Names the connections of the server that is told to stop.
STOPPED = "the-one-that-is-told-to-stop"


def _waits(name: str) -> bool:
    """Whether the connection of this name waits for the table that is locked here."""
    with connection.cursor() as cursor:
        # Within a transaction the view would go on showing what it showed first.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = %s AND wait_event_type = 'Lock'",
            [name],
        )
        return bool(cursor.fetchone()[0])


def test_what_is_being_answered_when_it_is_told_to_stop_is_finished(
    serve: Serve,
) -> None:
    server, address = serve(DATABASE_URL=database_url(application_name=STOPPED))
    answers: list[Any] = []
    ask = threading.Thread(
        target=lambda: answers.append(requests.get(f"{address}/readyz", timeout=30))
    )

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE procrastinate_jobs IN ACCESS EXCLUSIVE MODE")
        ask.start()
        wait_for(lambda: _waits(STOPPED))
        server.send_signal(signal.SIGTERM)
        wait_for(lambda: not answers_at(f"{address}/healthz"))
        assert server.poll() is None
    ask.join(PATIENCE)

    assert [answer.status_code for answer in answers] == [200]
    assert server.wait(PATIENCE) == 0


def _worker(server: int) -> int:
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return int(children[0])


def _tell_another_thread(process: int) -> None:
    """Send SIGTERM to one that waits for connections: `kill` names a process."""
    threads = Path(f"/proc/{process}/task").iterdir()
    names = {int(each.name): (each / "comm").read_text().strip() for each in threads}
    other = next(thread for thread, name in names.items() if name.startswith("tokio"))
    assert ctypes.CDLL(None).tgkill(process, other, signal.SIGTERM) == 0


def test_it_stops_whichever_of_its_threads_is_told_to(serve: Serve) -> None:
    """The system hands a signal to any of them, and Python's main one sleeps."""
    server, address = serve()

    _tell_another_thread(_worker(server.pid))

    wait_for(lambda: not answers_at(f"{address}/healthz"))


def test_numbers_are_those_of_all_processes(serve: Serve, tmp_path: Path) -> None:
    _server, address = serve(
        2, METRICS_TOKEN=TOKEN, PROMETHEUS_MULTIPROC_DIR=str(tmp_path)
    )
    pages = 40

    for _ in range(pages):
        requests.get(f"{address}/accounts/login/", timeout=30)

    shown = {"Authorization": f"Bearer {TOKEN}"}
    text = requests.get(f"{address}/metrics", headers=shown, timeout=30).text
    counted = [
        float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith("portal_request_seconds_count") and "login" in line
    ]
    assert counted == [pages]
    assert len(list(tmp_path.glob("histogram_*.db"))) == 2


def test_without_its_database_it_lives_and_is_not_ready(serve: Serve) -> None:
    gone = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    _server, address = serve(DATABASE_URL=gone)

    answer = requests.get(f"{address}/readyz", timeout=30)

    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "database": "down"}
