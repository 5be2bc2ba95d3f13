"""Which browser it is, and how it is started; also for tests without a live server."""

from __future__ import annotations

import os
import shutil

import pytest

# Playwright runs an event loop in this thread; the ORM is used beside it, not in it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium"))), ""
)


@pytest.fixture(scope="session")
def base_url() -> None:
    """None: tests use the live server's. The plugin's own one is deprecated code."""


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    return {
        "executable_path": CHROMIUM,
        "args": [
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost ,"
            " EXCLUDE 127.0.0.1",
        ],
    }
