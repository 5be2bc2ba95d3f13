"""Real server processes, started as the unit file does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
import requests
from django.db import connection

from selfservice.core.demo.ports import free_port
from tests.sandbox_process import ROOT

PATIENCE = 60
type Serve = Callable[..., tuple[subprocess.Popen[bytes], str]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts granian as the unit file does; ends what still runs."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(
        workers: int = 1, **environment: str
    ) -> tuple[subprocess.Popen[bytes], str]:
        port = free_port()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", "--interface", "wsgi"),
                *("--workers", str(workers), "--blocking-threads", "2"),
                *("--workers-kill-timeout", "30", "--port", str(port)),
                "selfservice.wsgi:application",
            ],
            cwd=ROOT,
            env=environment_of_tests() | environment,
        )
        running.append(process)
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers_at(f"{address}/healthz"))
        return process, address

    yield begin
    for process in running:
        if process.poll() is None:
            process.terminate()
        process.wait(PATIENCE)


def environment_of_tests() -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "selfservice.settings.test",
        "DATABASE_URL": database_url(),
    }


def database_url(**options: str) -> str:
    known = connection.settings_dict
    query = urlencode({"host": known["HOST"], **options})
    return f"postgresql://{known['USER']}@/{known['NAME']}?{query}"


def answers_at(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.ConnectionError:
        return False


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)
