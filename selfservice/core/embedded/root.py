"""Running PostgreSQL when we are root, which it refuses to be.

Where the kernel allows it: a user namespace in which our uid looks like 65534, so
that nothing on the system changes. Elsewhere: an existing unprivileged user.
"""

from __future__ import annotations

import dataclasses
import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from selfservice.core.embedded.errors import ServerError

NOBODY = 65534
CLONE_NEWUSER = 0x10000000


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """How the server's programs are started. `uid` owns what they write."""

    uid: int
    arguments: dict[str, Any]


def enter_namespace() -> None:
    """Become somebody else than root; run between fork and exec."""
    os.unshare(CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} 0 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} 0 1")


@cache
def way() -> Way:
    """The way that works here. Raises ServerError when root finds none."""
    if os.geteuid() != 0:
        return Way(os.geteuid(), {})
    if os.environ.get("PORTAL_PG_ROOT") != "setuid" and _namespaces_work():
        before_exec: Callable[[], None] = enter_namespace
        return Way(0, {"preexec_fn": before_exec})
    for name in (os.environ.get("PORTAL_PG_USER", ""), "postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        return Way(entry.pw_uid, who)
    raise ServerError(
        "PostgreSQL doesn't run as root. Name an ordinary user in PORTAL_PG_USER."
    )


def _namespaces_work() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        done = subprocess.run(
            ["/bin/true"],
            preexec_fn=enter_namespace,
            capture_output=True,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
