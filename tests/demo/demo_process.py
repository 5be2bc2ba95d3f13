"""A demo in processes of its own, as somebody at a terminal starts it."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from selfservice.core.embedded.server import Server

ROOT = Path(__file__).parents[2]
PATIENCE = 90


class DemoProcess:
    """`said` is what it wrote so far."""

    def __init__(self, var: Path, *arguments: str, **environment: str) -> None:
        self.var = var
        self.said = ""
        # The tests' own settings, and whatever a developer has of Stripe.
        ours = ("STRIPE_", "PORTAL_VAR", "DJANGO_SETTINGS_MODULE", "DATABASE_URL")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--var", str(var), *arguments],
            cwd=ROOT,
            env={**clean, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert isinstance(self.process.stdout, io.BufferedReader)
        # Not by line: a step's name stands there before its line ends.
        with self.process.stdout as out:
            while words := out.read1():
                self.said += words.decode()

    @property
    def address(self) -> str:
        found = re.search(r"ready, after .* s:\s+(\S+)/", self.said)
        assert found, self.said
        return found.group(1)

    def wait_until_ready(self) -> DemoProcess:
        return self.wait_until_it_says("Ctrl-C stops everything")

    def wait_until_it_says(self, words: str) -> DemoProcess:
        wait_until(lambda: words in self.said or self.process.poll() is not None)
        assert words in self.said, self.said
        return self

    def end(self, number: int = signal.SIGINT) -> int:
        """Send the signal unless it ended already; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Ask its database something."""
        place = str(Server(self.var / "pg").socket_dir)
        with psycopg.connect(host=place, user="portal", dbname="portal") as connection:
            cursor = connection.execute(sql)
            return [] if cursor.description is None else cursor.fetchall()


def wait_until(true: Callable[[], object], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def processes_of(var: Path) -> dict[int, str]:
    """Every living process with the folder in its command line or environment."""
    needle = os.fsencode(var)
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            if not words:
                continue
            if needle not in words and needle not in (folder / "environ").read_bytes():
                continue
        except OSError:
            continue
        found[int(folder.name)] = words.replace(b"\0", b" ").decode()
    return found
