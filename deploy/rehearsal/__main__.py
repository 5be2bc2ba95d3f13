"""`make rehearse`: docs/deploy.md from an empty machine to an upgrade, for real."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import requests

from deploy.rehearsal import blocks, machines, releases
from deploy.rehearsal.container import Image, commands
from deploy.rehearsal.lost import AllVisits
from deploy.rehearsal.machines import Machine
from deploy.rehearsal.outside import MailServer, Stripe
from deploy.rehearsal.visits import Visits
from selfservice.core.demo.ports import free_port, is_free

DOCUMENT = releases.ROOT / "docs" / "deploy.md"
KEPT = releases.ROOT / "var" / "rehearsal"
NEEDED = ("debootstrap", "unshare", "nsenter", "setpriv", "ip", "git", "tar")
PORTS = (80, 443, 5432, 6432, 8001, 8002, 9090, 9093, 9100, 9101, 9102)
# Set aside for documents; this machine has them meanwhile. By a loopback address
# Debian's own rules would let in what the document's don't.
ADDRESSES = {"db1": "198.51.100.11", "db2": "198.51.100.12"}
# The section whose steps are the Containerfile's.
CONTAINER = 13
HOSTS = "127.0.0.1 localhost portal.example.com\n" + "".join(
    f"{address} {name}\n" for name, address in ADDRESSES.items()
)
# The machines clone from the folder that holds both versions.
GIT = """[url "file:///srv/portal.git"]
    insteadOf = https://git.example.com/portal.git
"""


def main() -> int:
    if missing := _missing():
        print(missing, file=sys.stderr)
        return 2
    # As by Ctrl-C: what was made goes first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    KEPT.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with ExitStack() as stack:
        log = stack.enter_context((KEPT / "transcript.txt").open("w"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=KEPT)))
        try:
            _rehearse(stack, folder, log)
        except (machines.Failed, AssertionError, requests.RequestException) as error:
            print(f"\nIt does not hold: {error}\nAll of it: {log.name}")
            return 1
    print(f"{'All of it':32}{time.monotonic() - began:6.0f} s")
    return 0


def _missing() -> str:
    if os.geteuid():
        return "Only root can make and boot machines: run it as root."
    programs = [name for name in NEEDED if not shutil.which(name)]
    if programs:
        return f"Missing here: {', '.join(programs)} (apt-get install debootstrap)."
    taken = [str(port) for port in PORTS if not is_free(port)]
    if taken:
        return f"Something listens on {', '.join(taken)}, which the machines need."
    return ""


def _rehearse(stack: ExitStack, folder: Path, log: IO[str]) -> None:
    with _Timed("Two empty machines"):
        archive = machines.empty_debian(KEPT / f"{machines.RELEASE}.tar", log)
        for address in ADDRESSES.values():
            _ip("add", address)
            stack.callback(_ip, "del", address)
        both = [_machine(stack, name, folder, archive, log) for name in ADDRESSES]
    db1, db2 = both
    releases.publish(db1.root / "srv/portal.git")
    # It stands for a server elsewhere, which is there for both.
    shutil.copytree(db1.root / "srv/portal.git", db2.root / "srv/portal.git")
    for machine in both:
        machine.write("/etc/gitconfig", GIT)
    mail, provider = MailServer(), Stripe(folder)
    stack.callback(mail.end)
    stack.callback(provider.end)
    visits = AllVisits(db1, db2, mail, provider)
    for section in blocks.sections(DOCUMENT):
        with _Timed(f"{section.number}. {section.title}"):
            visits.before(section.number)
            for block in section.blocks:
                _run(block, db1, db2)
            if section.number == CONTAINER:
                _container(folder, archive, visits, log)
            visits.after(section.number)
    print(*visits.said, sep="\n")


def _ip(what: str, address: str) -> None:
    changed = ["ip", "address", what, f"{address}/24", "dev", "lo"]
    subprocess.run(changed, check=what == "add", capture_output=True)


def _run(block: blocks.Block, db1: Machine, db2: Machine) -> None:
    if block.machine == "db2" and "COPIER" not in db2.given:
        password = db1.run("cat /srv/replica.password")
        db2.given["COPIER"] = password.strip()
    {"db1": db1, "db2": db2}[block.machine].run(block.commands)


def _machine(
    stack: ExitStack, name: str, folder: Path, archive: Path, log: IO[str]
) -> Machine:
    root = folder / name
    machines.unpack(archive, root)
    made = Machine(name, root, log)
    stack.callback(made.end)
    made.boot(HOSTS)
    return made


def _container(folder: Path, archive: Path, visits: Visits, log: IO[str]) -> None:
    """Built, migrated, and each of its processes started and told to stop."""
    root = folder / "image"
    machines.unpack(archive, root)
    image = Image(root, visits.db1.root / "srv/portal.git", log)
    image.build()
    # The schema is newer than the image, as after an upgrade that is taken back.
    settings = visits.settings()
    by_process = {what: f"exec {how}" for what, how in commands(DOCUMENT).items()}
    image.run(by_process["before an upgrade"], settings)
    port = free_port()
    web = image.listening(port)
    with image.running(web, settings, lambda: visits.answers(port)):
        pass
    with image.running(by_process["worker"], settings, visits.one_more_worker()):
        pass


class _Timed:
    """Prints what is done, and how long it took."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        print(f"{self._what:32}", end="", flush=True)
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        print(f"{time.monotonic() - self._began:6.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
