"""Runs the steps of deploy/Containerfile on an empty Debian, without a builder."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from deploy.rehearsal import releases
from deploy.rehearsal.machines import HANDED_ON, Failed

_FILE = releases.ROOT / "deploy" / "Containerfile"
_ROW = re.compile(r"^\| (\w[^|]*?) \| `(python [^`]+)` \|$", re.MULTILINE)
# The image's own PATH is for what is in it.
_CHROOT = shutil.which("chroot")
# Seconds until a container that was told to stop is killed, by the document.
_PATIENCE = 40
# An image begins with less than a machine: these of the machine's are taken out.
_NOT_IN_AN_IMAGE = ("ca-certificates", "openssl")


def steps() -> Iterator[tuple[str, str]]:
    """Each instruction and its text; one a line, which a test sees to."""
    for line in _FILE.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            yield word, rest


def commands(document: Path) -> dict[str, str]:
    """Which process is started by which command, as the document has them."""
    return dict(_ROW.findall(document.read_text("utf-8")))


class Image:
    """A folder that the steps were run in."""

    def __init__(self, root: Path, repository: Path, log: IO[str]) -> None:
        self._root, self._repository, self._log = root, repository, log
        self._folder, self._user = "/", "root"
        self._environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
        self._command = ""
        self._stop = signal.SIGTERM

    def build(self) -> None:
        """Raises Failed."""
        for word, rest in steps():
            self._log.write(f"\n# image: {word} {rest}\n")
            self._log.flush()
            getattr(self, f"_step_{word.lower()}")(rest)

    def listening(self, port: int) -> str:
        """The image's own command, on another port: the machine's network is one."""
        return self._command.replace("--port 8000", f"--port {port}")

    def run(self, command: str, settings: dict[str, str]) -> None:
        """Run it to its end. Raises Failed."""
        self._finish(command, self._environment | settings)

    @contextmanager
    def running(
        self, command: str, settings: dict[str, str], is_up: Callable[[], bool]
    ) -> Iterator[None]:
        """A container of the image, until it is told to stop. Raises Failed."""
        with subprocess.Popen(
            self._inside(command),
            env=self._environment | settings,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        ) as process:
            try:
                self._wait(process, is_up)
                yield
                self._tell_to_stop(process)
            finally:
                process.kill()

    def _wait(
        self, process: subprocess.Popen[bytes], is_up: Callable[[], bool]
    ) -> None:
        for _ in range(120):
            if process.poll() is not None:
                raise Failed(f"the container ended by itself: {process.returncode}")
            if is_up():
                return
            time.sleep(0.5)
        raise Failed("the container is not up after a minute")

    def _tell_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        os.kill(int(children.read_text().split()[0]), self._stop)
        try:
            status = process.wait(_PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise Failed("the container went on after it was told to stop") from error
        if status:
            raise Failed(f"the container, told to stop, ended with {status}")

    def _inside(self, command: str) -> list[str]:
        """As a container runs it: alone with its files and as its first process."""
        user = f"--userspec={self._user}:{self._user}"
        script = (
            'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev"'
            f' && exec {_CHROOT} {user} "$0" /bin/sh -c "cd {self._folder} && $1"'
        )
        alone = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
        return [*alone, "sh", "-euc", script, str(self._root), command]

    def _finish(self, command: str, environment: dict[str, str]) -> None:
        done = subprocess.run(
            self._inside(command),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self._log.write(done.stdout)
        if done.returncode:
            raise Failed(f"image: {command}\n{done.stdout[-3000:]}")

    def _step_from(self, rest: str) -> None:
        # The machines' Debian is the same as the image's.
        assert rest.startswith("docker.io/library/debian:trixie"), rest
        purged = ["dpkg", "--purge", "--force-depends", *_NOT_IN_AN_IMAGE]
        subprocess.run(
            ["chroot", str(self._root), *purged],
            check=True,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def _step_run(self, rest: str) -> None:
        given = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
        at_build = {"DEBIAN_FRONTEND": "noninteractive", **given}
        self._finish(rest, self._environment | at_build)

    def _step_workdir(self, rest: str) -> None:
        self._folder = rest
        (self._root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def _step_copy(self, rest: str) -> None:
        assert rest == ". .", rest
        place = self._root / self._folder.lstrip("/")
        packed = f"git --git-dir {self._repository} archive {releases.FIRST}"
        subprocess.run(f"{packed} | tar -x -C {place}", shell=True, check=True)

    def _step_env(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self._environment[name] = value

    def _step_user(self, rest: str) -> None:
        self._user = rest

    def _step_expose(self, rest: str) -> None:
        assert rest == "8000", rest

    def _step_stopsignal(self, rest: str) -> None:
        self._stop = signal.Signals[rest]

    def _step_cmd(self, rest: str) -> None:
        self._command = rest
