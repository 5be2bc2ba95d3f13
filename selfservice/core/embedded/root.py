"""Running PostgreSQL when we are root, which it refuses to be.

Where the kernel allows it: a user namespace in which our uid looks like 65534, so
that nothing on the system changes. Elsewhere: an existing unprivileged user. Which of
the two is decided once, for a new folder: what the server has written belongs to
somebody, and so does the folder of the socket that others are connected through.
"""

from __future__ import annotations

import dataclasses
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from selfservice.core.embedded.errors import ServerError

# Not between fork and exec of ours: what libraries have registered to be done after a
# fork (a thread, for one) would be done there first, and the kernel lets only a
# process of one thread into a new namespace.
_INTO_NAMESPACE = """
import os, sys
os.unshare(os.CLONE_NEWUSER)
for file, text in ("setgroups", "deny"), ("uid_map", NOW), ("gid_map", NOW):
    with open("/proc/self/" + file, "w") as told:
        told.write(text)
os.execv(sys.argv[1], sys.argv[1:])
""".replace("NOW", repr("65534 0 1"))


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """How the server's programs are started. `uid` owns what they write."""

    uid: int
    before: tuple[str, ...] = ()
    arguments: dict[str, Any] = dataclasses.field(default_factory=dict)


_NAMESPACE = Way(0, (sys.executable, "-I", "-S", "-c", _INTO_NAMESPACE))


def way(base: Path) -> Way:
    """The way of the server under `base`: for good the one that it was made in.

    Raises ServerError when root finds none, or can't go that one any more.
    """
    if os.geteuid() != 0:
        return Way(os.geteuid())
    owner = _owner(base)
    if owner == 0:
        return _namespace(base)
    users = list(_users())
    if made := [user for user in users if user.uid == owner]:
        return made[0]
    if os.environ.get("PORTAL_PG_ROOT") != "setuid" and _namespaces_work():
        return _NAMESPACE
    if users:
        return users[0]
    raise ServerError(
        "PostgreSQL doesn't run as root. Name an ordinary user in PORTAL_PG_USER."
    )


def _namespace(base: Path) -> Way:
    if _namespaces_work():
        return _NAMESPACE
    raise ServerError(
        f"{base} was made in a user namespace, which this process may not enter."
        " Start the server from another one, or give the folder away for good:"
        f" stop what uses it, then `chown -R postgres {base}`."
    )


def _owner(base: Path) -> int | None:
    """Whose the server's files are; None where nothing is decided yet."""
    try:
        return (base / "data").stat().st_uid
    except FileNotFoundError:
        # Given away just before the data is made, by whoever is at it.
        found = base.stat().st_uid if base.exists() else 0
        return found or None


def _users() -> Iterator[Way]:
    for name in (os.environ.get("PORTAL_PG_USER", ""), "postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        yield Way(entry.pw_uid, arguments=who)


@cache
def _namespaces_work() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    done = subprocess.run(
        [*_NAMESPACE.before, "/bin/true"], capture_output=True, check=False
    )
    return done.returncode == 0
