"""The folder in which a demo keeps everything: its lock, secrets, data and logs."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from pathlib import Path

# A worker may take this long to finish its job after its launcher was killed.
PATIENCE_SECONDS = 30
OURS = ("pg", "sandbox", "cache", "mail", "static", "log")
OUR_FILES = ("secrets", "static.mark")


class DemoError(Exception):
    """The demo can't go on; the message is a sentence for whoever started it."""


class Home:
    """A demo's folder `base`; `claim` makes it this process's own."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self._lock = -1
        self.children_lock = -1

    def claim(self, *, waiting: str) -> None:
        """Keep other launchers out, until this process ends.

        `waiting` is written where a second launcher reads who is here. Waits for the
        children of one that was killed. Raises DemoError.
        """
        try:
            self.base.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = self._open("lock")
            self.children_lock = self._open("children.lock")
        except OSError as error:
            raise DemoError(f"{self.base}: {error.strerror}.") from error
        if not _locked(self._lock):
            other = (self.base / "lock").read_text().strip() or "just starting"
            raise DemoError(
                f"A demo already runs on {self.base}: {other}. Stop it first, or"
                " choose another folder with --var."
            )
        self.note(waiting)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _locked(self.children_lock):
            if time.monotonic() > deadline:
                raise DemoError(
                    f"Processes of an earlier demo on {self.base} still run. End them,"
                    " or choose another folder with --var."
                )
            time.sleep(0.1)

    def note(self, words: str) -> None:
        """Tell a second launcher what is here."""
        os.truncate(self._lock, 0)
        os.pwrite(self._lock, words.encode(), 0)

    def reset(self) -> None:
        """Delete what demos made here, and nothing else."""
        for name in OURS:
            shutil.rmtree(self.base / name, ignore_errors=True)
        for name in OUR_FILES:
            (self.base / name).unlink(missing_ok=True)
        left = [name for name in OURS if (self.base / name).exists()]
        if left:
            raise DemoError(
                f"{self.base / left[0]} can't be deleted: it belongs to somebody else."
            )

    def secrets(self) -> dict[str, str]:
        """Made at the first start, for this folder alone; as environment variables."""
        file = self.base / "secrets"
        if not file.exists():
            made = {
                "SECRET_KEY": secrets.token_urlsafe(48),
                "STRIPE_SECRET_KEY": f"sk_test_{secrets.token_hex(16)}",
                "STRIPE_PUBLISHABLE_KEY": f"pk_test_{secrets.token_hex(16)}",
                "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
            }
            new = file.with_suffix(".new")
            new.unlink(missing_ok=True)
            new.touch(mode=0o600)
            new.write_text(json.dumps(made, indent=1), encoding="utf-8")
            new.rename(file)
        found: dict[str, str] = json.loads(file.read_text("utf-8"))
        return found

    def _open(self, name: str) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        return os.open(self.base / name, flags, 0o600)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
