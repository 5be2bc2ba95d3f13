"""A process of the demo: started with a log, ended with everything it started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PR_SET_PDEATHSIG = 1
BIGGEST_LOG = 5_000_000
TAIL_LINES = 25
_LIBC = ctypes.CDLL(None) if sys.platform.startswith("linux") else None


def follow(parent: int) -> None:
    """End this process when `parent` ends, however it ends. Linux only."""
    if _LIBC is None:
        return
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


class Child:
    """A running process. `log` is None where it writes to our own output."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path | None = None,
        keeps: int,
    ) -> None:
        """Start it; it holds the file `keeps` open, and so the lock on it."""
        self.name = name
        self.log = log
        output = None if log is None else _log_file(log)
        parent = os.getpid()
        # Its own session: Ctrl-C in the terminal is ours to handle, in order.
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            pass_fds=[keeps],
            start_new_session=True,
            preexec_fn=lambda: follow(parent),
        )
        if output is not None:
            os.close(output)

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def wait(self) -> int:
        return self._process.wait()

    def ask_to_stop(self) -> None:
        if not self.ended:
            self._process.terminate()

    def stop(self, patience: float) -> None:
        """Give it `patience` seconds, then end it and whatever it left behind."""
        self.ask_to_stop()
        deadline = time.monotonic() + patience
        while not self.ended and time.monotonic() < deadline:
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def tail(self) -> str:
        """The last lines of its log."""
        if self.log is None:
            return ""
        lines = self.log.read_text("utf-8", errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-TAIL_LINES:])


def _log_file(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > BIGGEST_LOG:
        path.replace(path.with_suffix(".old.log"))
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    return os.open(path, flags, 0o600)
