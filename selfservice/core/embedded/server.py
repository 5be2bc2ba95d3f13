"""A private PostgreSQL under a folder, started by whoever needs it first.

It listens on a Unix socket only. Every process that uses it holds a shared lock on
`lease`; the last one to leave stops it. The kernel drops the locks of a killed
process; `warden`, started beside the server, waits for that and stops it then.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import os
import re
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from functools import cached_property
from pathlib import Path

from selfservice.core.embedded.binaries import find_binaries
from selfservice.core.embedded.errors import ServerError
from selfservice.core.embedded.processes import (
    Watch,
    await_end,
    end_those_in,
    is_postgres,
    pid_in,
)
from selfservice.core.embedded.root import Way, way

PORT = 5432
USER = "portal"
# The address of a Unix socket is at most 103 bytes on some systems.
LONGEST_SOCKET = 100
# For a server that is being stopped.
STOP_SECONDS = 60
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "shared_preload_libraries": "pg_stat_statements",
    "max_wal_size": "1GB",
    "jit": "off",
    # No disk that turns: else whole organizations are read to avoid a few rows.
    "random_page_cost": "1.1",
    # Pages are many and short: a second process for one is taken from another.
    "max_parallel_workers_per_gather": "0",
    "log_line_prefix": "%m [%p] %d ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class Server:
    """The server under `base`; making the object starts nothing."""

    def __init__(self, base: Path, settings: dict[str, str] | None = None) -> None:
        self.base = Path(base).absolute()
        self.data = self.base / "data"
        self.log = self.base / "server.log"
        self._settings = {**SETTINGS, **(settings or {})}
        self._ready_in = 0
        self._watch: Watch | None = None
        self._lease: int | None = None
        self._lease_pid = 0
        self._lock = threading.RLock()

    @cached_property
    def binaries(self) -> Path:
        return find_binaries()

    @cached_property
    def major(self) -> str:
        """The major version of the programs."""
        said = subprocess.check_output(
            [self.binaries / "postgres", "--version"], text=True
        )
        found = re.search(r"(\d+)", said)
        return found.group(1) if found else ""

    @property
    def _way(self) -> Way:
        # Asked each time: another process may have made the folder meanwhile.
        return way(self.base)

    @property
    def socket_dir(self) -> Path:
        """Where the socket is: under `base`, or in /tmp where that can't be.

        It may be too long, and a comma would end it: server and clients take lists.
        """
        here = self.base.absolute() / "run"
        length = len(os.fsencode(str(here / f".s.PGSQL.{PORT}")))
        if length <= LONGEST_SOCKET and "," not in str(here):
            return here
        digest = hashlib.sha256(os.fsencode(str(self.base.resolve()))).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"portal-pg-{os.geteuid()}-{digest}"

    def ensure(self) -> bool:
        """Have a running server and a lease on it. Costs little when it is so.

        True to the one caller who found that the server of before is no more: what
        this process has of connections is dead. Raises ServerError.
        """
        if self._is_ready():
            return False
        with self._lock:
            if self._is_ready():
                return False
            was_ready = self._ready_in == os.getpid()
            self._private(self.base)
            self._take_lease()
            self._start_alone()
            self._watch = self._new_watch()
            self._ready_in = os.getpid()
            return was_ready

    def forget(self) -> None:
        """Look again at the next `ensure`."""
        self._ready_in = 0

    def _is_ready(self) -> bool:
        if self._ready_in != os.getpid():
            return False
        watch = self._watch
        # The probe costs PostgreSQL a process, so it is for where nothing else helps.
        return self.is_up() if watch is None else not watch.ended

    def _new_watch(self) -> Watch | None:
        pid = pid_in(self.data / "postmaster.pid")
        try:
            return None if pid is None else Watch(pid)
        except OSError:
            return None

    def is_up(self) -> bool:
        """Whether something answers on the socket; a pid would prove nothing."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self.socket_dir / f".s.PGSQL.{PORT}"))
            except OSError:
                return False
        return True

    def stop(self, how: str = "fast") -> None:
        """Stop it, whoever still uses it. Nothing happens when it isn't running."""
        self.forget()
        pid = pid_in(self.data / "postmaster.pid")
        # pg_ctl would send its signal to whoever has the pid by now.
        if pid is not None and is_postgres(pid) is not False:
            self._run("pg_ctl", "-D", self.data, "-w", "-m", how, "stop", check=False)
        if self.socket_dir.parent != self.base:
            # Nobody would tidy it up with the folder. In use, it isn't empty.
            with contextlib.suppress(OSError):
                self.socket_dir.rmdir()

    def release(self) -> None:
        """Give the lease back; the last one stops the server."""
        if self._lease is None or self._lease_pid != os.getpid():
            return
        try:
            if os.environ.get("PORTAL_PG_KEEP") != "1":
                fcntl.flock(self._lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.stop()
        except BlockingIOError:
            pass
        finally:
            os.close(self._lease)
            self._lease = None
            self.forget()

    def await_last(self) -> None:
        """Wait until nobody has a lease any more, then stop the server."""
        lease = self._open("lease")
        try:
            fcntl.flock(lease, fcntl.LOCK_EX)
            self.stop()
        finally:
            os.close(lease)

    def _take_lease(self) -> None:
        if self._lease is not None and self._lease_pid == os.getpid():
            return
        self._lease = self._open("lease")
        fcntl.flock(self._lease, fcntl.LOCK_SH)
        self._lease_pid = os.getpid()
        atexit.register(self.release)

    def _open(self, name: str) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        return os.open(self.base / name, flags, 0o600)

    def _start_alone(self) -> None:
        """Start it unless another process did; wait for one that is at it.

        It answers before it is ready: without the lock somebody would find it without
        its database.
        """
        lock = self._open("start.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.is_up():
                self._create()
                self._start()
        finally:
            os.close(lock)

    def _create(self) -> None:
        """Make the cluster, beside its place and then renamed: never half-made."""
        version = self.data / "PG_VERSION"
        if version.exists():
            have = version.read_text().strip()
            if have != self.major:
                raise ServerError(
                    f"{self.data} was made by PostgreSQL {have}, and this is"
                    f" {self.major}. Move your data with pg_dump, or delete the folder."
                )
            return
        os.chown(self.base, self._way.uid, -1)
        for leftover in self.base.glob("data.tmp-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        fresh = self.base / f"data.tmp-{os.getpid()}"
        try:
            self._run("initdb", *self._initdb_arguments(fresh))
            fresh.rename(self.data)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _initdb_arguments(self, folder: Path) -> list[str | Path]:
        # The builtin locale sorts alike on every system.
        locale = ["--locale=C.UTF-8"]
        if int(self.major) >= 17:
            locale = [
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
            ]
        sync = ["--no-sync"] if os.environ.get("CI") else []
        fixed = ["-U", USER, "-A", "trust", "--auth-host=reject", "-E", "UTF8"]
        return ["-D", folder, *fixed, "--no-instructions", *locale, *sync]

    def _start(self) -> None:
        self._private(self.socket_dir)
        os.chown(self.socket_dir, self._way.uid, -1)
        self._clear_the_way()
        options = {
            **self._settings,
            "unix_socket_directories": str(self.socket_dir),
            "port": str(PORT),
        }
        words = " ".join(f"-c {shlex.quote(f'{k}={v}')}" for k, v in options.items())
        self._run(
            *("pg_ctl", "-D", self.data, "-w", "-t", "300", "-l", self.log),
            *("-o", words, "start"),
            timeout=330,
        )
        self._create_database()
        self._start_warden()

    def _start_warden(self) -> None:
        """Let another process stop the server if every user of it is killed."""
        if os.environ.get("PORTAL_PG_KEEP") == "1":
            return
        warden = subprocess.Popen(
            [sys.executable, "-m", "selfservice.core.embedded.warden", self.base],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # It outlives us on purpose; Popen would warn about a child not waited for.
        warden.returncode = 0

    def _create_database(self) -> None:
        """The database `portal`; there already is no error."""
        self._run(
            *("psql", "-h", self.socket_dir, "-p", str(PORT), "-U", USER),
            *("-d", "postgres", "-c", f"CREATE DATABASE {USER}"),
            check=False,
        )

    def _clear_the_way(self) -> None:
        """Let nothing that a killed or ending server left block the start.

        PostgreSQL itself asks only whether a pid lives, whosever it is by now.
        Raises ServerError.
        """
        pid = pid_in(self.data / "postmaster.pid")
        if pid is not None and not await_end(pid, STOP_SECONDS):
            raise ServerError(
                f"The server on {self.data}, process {pid}, runs but doesn't answer."
                f" {self.log} may say why."
            )
        end_those_in(self.data)
        lock = self.socket_dir / f".s.PGSQL.{PORT}.lock"
        for file in (self.data / "postmaster.pid", lock):
            pid = pid_in(file)
            if pid is not None and is_postgres(pid) is False:
                file.unlink(missing_ok=True)

    def _private(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        mine = found.st_uid in {os.geteuid(), self._way.uid}
        if not stat.S_ISDIR(found.st_mode) or not mine:
            raise ServerError(f"{folder} belongs to somebody else. Choose another one.")
        if stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)

    def _run(
        self, program: str, *arguments: object, check: bool = True, timeout: int = 120
    ) -> None:
        if re.search(r'[$`"\\]', str(self.base.absolute())):
            raise ServerError(
                f"{self.base} has one of $ ` \" \\ in its name, which PostgreSQL's"
                " tools can't take. Choose another folder."
            )
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        environment["LC_ALL"] = "C.UTF-8"
        # A file, not a pipe: the server inherits it and would hold a pipe open.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(
                [*self._way.before, self.binaries / program, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd="/",
                timeout=timeout,
                check=False,
                **self._way.arguments,
            )
            said.seek(0)
            words = said.read()
        if check and done.returncode:
            tail = (
                self.log.read_text(errors="replace")[-1500:]
                if self.log.exists()
                else ""
            )
            raise ServerError(f"{program} failed: {words[-1500:]}\n{tail}")
