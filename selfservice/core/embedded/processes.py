"""PostgreSQL's processes, as the kernel shows them.

Only Linux shows them all. Elsewhere nothing is known of them, and PostgreSQL's own
checks have to do.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from pathlib import Path

NAMES = {"postgres", "postmaster"}
PROC = Path("/proc")


class Watch:
    """One process; whether it has ended costs a system call and no connection."""

    def __init__(self, pid: int) -> None:
        """Raises OSError when there is no such process, or no way to watch it."""
        if not hasattr(os, "pidfd_open"):
            raise OSError("no process descriptors here")
        self._descriptor = os.pidfd_open(pid)

    @property
    def ended(self) -> bool:
        # A poll object of its own: threads may not share one.
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return bool(poll.poll(0))

    def __del__(self) -> None:
        # Not earlier: another thread may be asking it at this moment.
        with contextlib.suppress(AttributeError, OSError):
            os.close(self._descriptor)


def pid_in(file: Path) -> int | None:
    """The pid in the first line of a lock file of PostgreSQL's."""
    try:
        return int(file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def is_postgres(pid: int) -> bool | None:
    """Whether `pid` is a PostgreSQL that runs; None where that can't be seen.

    A zombie doesn't run, and after a restart of the machine or the container the pid
    may be another program's.
    """
    try:
        words = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return False if (PROC / "self").exists() else None
    name, state = words.split("(", 1)[1].rsplit(")", 1)
    return name in NAMES and state.split()[0] != "Z"


def await_end(pid: int, seconds: float) -> bool:
    """Wait for the end of a server that runs; whether it came."""
    deadline = time.monotonic() + seconds
    while is_postgres(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def end_those_in(data: Path) -> None:
    """End the processes whose server was killed in the middle of their query.

    They would go on to its end, and no server starts on their data before. They work
    in the data folder, which tells them from another server's.
    """
    # The kernel tells the folder without symbolic links.
    real = str(data.resolve())
    found = [
        int(folder.name)
        for folder in PROC.glob("[0-9]*")
        if _works_in(folder) == real and is_postgres(int(folder.name))
    ]
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in found:
        await_end(pid, 10)


def _works_in(folder: Path) -> str:
    try:
        return str((folder / "cwd").readlink())
    except OSError:
        return ""
