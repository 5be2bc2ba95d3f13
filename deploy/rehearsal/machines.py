"""Empty Debian machines: made in a folder, booted, entered, and gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import IO

HERE = Path(__file__).parent
RELEASE = "trixie"
# What a server's installation has, on top of the least that Debian can be.
STOCK = "systemd,systemd-sysv,dbus,ca-certificates"
# How this machine reaches the package registries, the new ones do, too.
HANDED_ON = ("PIP_INDEX_URL", "http_proxy", "https_proxy", "no_proxy")
# Seconds until it is up, on a machine that has much else to do.
BOOTING = 180
# Seconds that one block may take; installing packages takes the longest.
PATIENCE = 1200
GROUPS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
AUTHORITIES = Path("usr/local/share/ca-certificates")


class Failed(RuntimeError):
    """A command of the document ended with another status than 0."""


def empty_debian(archive: Path, log: IO[str]) -> Path:
    """The archive of an empty Debian; made once, in about a minute."""
    if archive.exists():
        return archive
    root = archive.with_suffix("")
    shutil.rmtree(root, ignore_errors=True)
    made = ["debootstrap", "--variant=minbase", f"--include={STOCK}", RELEASE]
    subprocess.run([*made, str(root)], check=True, stdout=log, stderr=log)
    part = archive.with_suffix(".part")
    packed = ["tar", "--create", "--directory", str(root), "--file", str(part), "."]
    subprocess.run(packed, check=True)
    part.rename(archive)
    shutil.rmtree(root)
    return archive


def unpack(archive: Path, root: Path) -> None:
    root.mkdir()
    packed = ["tar", "--extract", "--directory", str(root), "--file", str(archive)]
    subprocess.run(packed, check=True)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    shutil.copytree(Path("/") / AUTHORITIES, root / AUTHORITIES, dirs_exist_ok=True)
    subprocess.run(
        ["chroot", str(root), "update-ca-certificates"], check=True, capture_output=True
    )


class Machine:
    """One booted Debian. Its network is this machine's; its name leads to `address`."""

    def __init__(self, name: str, root: Path, log: IO[str]) -> None:
        self.name, self.root, self.log = name, root, log
        groups = next(g for g in GROUPS if (g / "cgroup.procs").exists())
        self._group = groups / f"rehearsal-{os.getpid()}-{name}"
        self.given: dict[str, str] = {}

    def boot(self, hosts: str) -> None:
        (self.root / "etc/hosts").write_text(hosts)
        (self.root / "etc/hostname").write_text(f"{self.name}\n")
        self._starter = subprocess.Popen(
            [
                # Nothing of it may go on when this process is killed.
                *("setpriv", "--pdeathsig", "KILL", "sh", str(HERE / "boot.sh")),
                *(str(self.root), self.name, str(self._group)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )
        self._until_up()

    def _until_up(self) -> None:
        children = Path(f"/proc/{self._starter.pid}/task/{self._starter.pid}/children")
        for _ in range(BOOTING * 10):
            time.sleep(0.1)
            if self._starter.poll() is not None:
                raise Failed(f"{self.name} did not boot: see the transcript")
            first = children.read_text().split()
            if not first:
                continue
            self._init = int(first[0])
            asked = self._enter("systemctl is-system-running")
            if asked.stdout.strip() in {"running", "degraded"}:
                return
        raise Failed(f"{self.name} did not boot within {BOOTING} seconds")

    def _enter(self, commands: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            **{name: os.environ[name] for name in HANDED_ON if name in os.environ},
            **self.given,
        }
        return subprocess.run(
            [
                *("nsenter", "--target", str(self._init), "--all"),
                *("bash", "-euo", "pipefail", "-c", f"cd\n{commands}"),
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def run(self, commands: str) -> str:
        """Run the commands as root, in a shell of their own; what they wrote.

        Raises Failed.
        """
        self.log.write(f"\n# {self.name}\n{commands}\n")
        self.log.flush()
        done = self._enter(commands)
        self.log.write(done.stdout)
        self.log.flush()
        if done.returncode:
            raise Failed(
                f"{self.name}, status {done.returncode}:\n{done.stdout[-3000:]}"
            )
        return done.stdout

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.root / path.lstrip("/")
        file.write_text(text)
        file.chmod(mode)

    def lose_power(self) -> None:
        """Everything ends at once, and it is switched on again."""
        hosts = (self.root / "etc/hosts").read_text()
        self.end()
        self.boot(hosts)

    def end(self) -> None:
        """Everything that runs in it, at once."""
        if not hasattr(self, "_starter"):
            return
        if hasattr(self, "_init") and self._starter.poll() is None:
            os.kill(self._init, signal.SIGKILL)
        self._starter.wait(60)
        for group in sorted(self._group.rglob("*/"), reverse=True):
            group.rmdir()
        if self._group.exists():
            self._group.rmdir()
