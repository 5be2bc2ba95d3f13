"""The demo with somebody who starts it again when it ends, and what is done to it."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import requests

from selfservice.core.embedded.server import Server
from tests.demo.demo_process import ROOT, DemoProcess, processes_of, wait_until

READY, NOTICED = 300, 60
READY_WORDS = "Ctrl-C stops everything"
# What holds everything, and may be filled to its last byte.
DISK = "400m"


class Stack:
    """A demo under `var` that is started again whenever it ends."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.restarts = 0
        self.away: list[float] = []
        self._over = threading.Event()
        self.demo = self._start("0")
        self.base = self.demo.address
        self._environment = self._read_environment()
        self._watch = threading.Thread(target=self._keep_up, daemon=True)
        self._watch.start()

    def _start(self, port: str) -> DemoProcess:
        """Raises AssertionError when it ends, or takes longer than it may."""
        self.demo = demo = DemoProcess(self.var, "--port", port)
        try:
            wait_until(
                lambda: READY_WORDS in demo.said or demo.process.poll() is not None,
                READY,
            )
            assert READY_WORDS in demo.said, demo.said
        except AssertionError:
            demo.end(signal.SIGTERM)
            raise
        return demo

    def _read_environment(self) -> dict[str, str]:
        """The demo's own, so that commands run as its worker does."""
        pid = self.pid("manage.py worker")
        lines = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        pairs = (os.fsdecode(line).partition("=") for line in lines if line)
        return {name: value for name, _sign, value in pairs}

    def _keep_up(self) -> None:
        port = self.base.rpartition(":")[2]
        while not self._over.wait(0.2):
            if self.demo.process.poll() is None:
                continue
            began = time.monotonic()
            self.demo.end()
            self.restarts += 1
            with contextlib.suppress(AssertionError):
                self._start(port)
                self.away.append(time.monotonic() - began)

    def stop(self) -> None:
        self._over.set()
        self._watch.join(READY)
        self.demo.end()
        for pid in processes_of(self.var):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def pid(self, words: str) -> int:
        found = processes_of(self.var).items()
        return next((pid for pid, said in found if words in said), 0)

    def kill(self, words: str) -> None:
        """SIGKILL for the process with these words in its command line."""
        pid, before = self.pid(words), self.restarts
        assert pid, f"no process with {words}"
        os.kill(pid, signal.SIGKILL)
        # Without any one of them the others end too, each in its own time.
        with contextlib.suppress(AssertionError):
            wait_until(lambda: self.restarts > before, NOTICED)

    @property
    def sandbox(self) -> str:
        """Its address now: it takes another port when its own is in use."""
        port = (self.var / "sandbox" / "port").read_text().strip()
        return f"http://127.0.0.1:{port}"

    @property
    def key(self) -> str:
        return self._environment["STRIPE_SECRET_KEY"]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def wait_until_up(self, seconds: float = READY) -> None:
        """All of it runs and answers, and still does a moment later."""
        until = time.monotonic() + seconds
        well = 0
        while time.monotonic() < until:
            well = well + 1 if self._is_up() else 0
            if well == 3:
                return
            time.sleep(0.5)
        said = self.demo.said[-2000:]
        raise AssertionError(f"not up again after {seconds} s:\n{said}")

    def _is_up(self) -> bool:
        if self.demo.process.poll() is not None or READY_WORDS not in self.demo.said:
            return False
        addresses = (f"{self.base}/readyz", f"{self.sandbox}/_sandbox/webhooks")
        try:
            return all(requests.get(each, timeout=5).ok for each in addresses)
        except requests.RequestException:
            return False

    def order(self, what: str, given: dict[str, object] | None = None) -> Any:
        """Ask or steer Stripe's stand-in, as billing/sandbox/README.md says."""
        verb = "GET" if given is None else "POST"
        url = f"{self.sandbox}/_sandbox/{what}"
        return requests.request(verb, url, json=given, timeout=60).json()

    # Troubles -------------------------------------------------------------

    def full_disk(self, seconds: float) -> None:
        """Not one byte more can be written for a while."""
        filler = self.var / "filler"
        try:
            with filler.open("wb", buffering=0) as file:
                for size in (1_000_000, 4096):
                    with contextlib.suppress(OSError):
                        while True:
                            file.write(b"\0" * size)
            time.sleep(seconds)
        finally:
            filler.unlink(missing_ok=True)

    def slow_stripe(self, seconds: float) -> None:
        """Every write takes longer than the portal waits."""
        fault = {"kind": "slow_after", "verb": "POST", "times": 6, "seconds": 12}
        self.order("faults", fault)
        time.sleep(seconds)
        self.order("faults/clear", {})

    def no_connections(self, seconds: float) -> int:
        """Take every connection that the database still has; how many that was."""
        place = str(Server(self.var / "pg").socket_dir)
        taken = []
        try:
            with contextlib.suppress(psycopg.OperationalError):
                while True:
                    taken.append(
                        psycopg.connect(host=place, user="portal", dbname="portal")
                    )
            time.sleep(seconds)
        finally:
            for connection in taken:
                connection.close()
        return len(taken)


@contextlib.contextmanager
def small_disk(place: Path) -> Iterator[Path | None]:
    """A file system of its own in memory; null where we may not mount one."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, check=False, capture_output=True).returncode
    except OSError as error:
        mounted = error.errno or errno.ENOENT
    if mounted:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False)
