"""Processes that do what a test tells them, and stay for the next test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from tests.concurrency.racing import PATIENCE
from tests.sandbox_process import ROOT

PROCESSES = 4


class Actor:
    """One process of `tests.concurrency.actor`."""

    def __init__(self, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.concurrency.actor"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(
        self, act: str, *, pause: str = "", without: Sequence[str] = (), **given: Any
    ) -> None:
        self._write(
            json.dumps({"act": act, "pause": pause, "without": without, "given": given})
        )

    def go_on(self) -> None:
        self._write("")

    def heard(self) -> str:
        """The next line that it says. Fails when it says none."""
        said: list[str] = []
        stream = self.process.stdout
        assert stream
        reading = threading.Thread(
            target=lambda: said.append(stream.readline().strip()), daemon=True
        )
        reading.start()
        reading.join(PATIENCE)
        assert said, "a process hangs"
        return said[0]

    def close(self) -> None:
        self.process.communicate(timeout=PATIENCE)

    def _write(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()


@pytest.fixture(scope="module")
def running() -> Iterator[list[Actor]]:
    found: list[Actor] = []
    yield found
    for actor in found:
        actor.close()


@pytest.fixture
def actors(running: list[Actor]) -> list[Actor]:
    """Four processes on the database of this test, which stay for the next ones."""
    known = connection.settings_dict
    query = f"?host={quote(str(known['HOST']))}"
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "selfservice.settings.test",
        "DATABASE_URL": f"postgresql://{known['USER']}@/{known['NAME']}{query}",
        "PYTHONPATH": str(ROOT),
    }
    if not running:
        running.extend(Actor(env) for _number in range(PROCESSES))
        assert {actor.heard() for actor in running} == {"ready"}
    return running
