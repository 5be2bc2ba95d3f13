"""A real Chromium against a live server.

Every page that a test opens must stay on this machine, write nothing to the console
and break no rule of the Content-Security-Policy. CHROMIUM names the browser; without
one the tests are skipped aloud, and under CI that is an error.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import BrowserContext, Page, Route

from selfservice.accounts.models import User
from selfservice.core.icons import build_sprite
from tests.cast import *  # noqa: F403  the cast's fixtures

# Playwright runs an event loop in this thread; the ORM is used beside it, not in it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium"))), ""
)
HERE = Path(__file__).parent
DATABASES = ["default", "oversight"]
LOCAL = {"127.0.0.1", "localhost"}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in this folder; skip it where there is no browser."""
    ours = [item for item in items if HERE in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.django_db(transaction=True, databases=DATABASES))
    if not ours or CHROMIUM:
        return
    if os.environ.get("CI"):
        raise pytest.UsageError("No Chromium for the browser tests: set CHROMIUM.")
    for item in ours:
        item.add_marker(pytest.mark.skip(reason="no Chromium found: set CHROMIUM"))


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


@pytest.fixture(scope="session", autouse=True)
def sprite() -> None:
    build_sprite(settings.BUILD_DIR / "icons.svg")


@pytest.fixture(autouse=True)
def complaints(context: BrowserContext) -> Iterator[list[str]]:
    """What the browser complained about; a test that expects some empties it."""
    found: list[str] = []

    def guard(route: Route) -> None:
        if urlsplit(route.request.url).hostname in LOCAL:
            route.continue_()
        else:
            found.append(f"left this machine: {route.request.url}")
            route.abort()

    context.route("**/*", guard)
    context.on(
        "console",
        lambda said: found.append(said.text) if said.type == "error" else None,
    )
    context.on("weberror", lambda error: found.append(str(error.error)))
    yield found
    assert found == []


@pytest.fixture
def sign_in(
    live_server: object, context: BrowserContext, client: object
) -> Callable[[User], None]:
    """Give the browser the session of somebody, without the form."""

    def enter(user: User) -> None:
        client.force_login(user)  # type: ignore[attr-defined]
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]  # type: ignore[attr-defined]
        url = live_server.url  # type: ignore[attr-defined]
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])

    return enter


@pytest.fixture
def accessible() -> Callable[..., list[str]]:
    """What an accessibility scan of the page, or of a part, finds: short lines."""

    def scan(page: Page, part: str | None = None) -> list[str]:
        answer = Axe().run(page, context=part, options={"runOnly": RULES})
        return [
            f"{finding['id']}: {node['target']}"
            for finding in answer.response["violations"]
            for node in finding["nodes"]
        ]

    return scan
