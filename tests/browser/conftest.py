"""A real Chromium against a live server.

Every page that a test opens must stay on this machine, write nothing to the console
and break no rule of the Content-Security-Policy. CHROMIUM names the browser; without
one the tests are skipped aloud, and under CI that is an error.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from playwright.sync_api import BrowserContext, Page

from selfservice.accounts.models import User
from selfservice.core.icons import build_sprite
from tests.browser.chromium import *
from tests.browser.chromium import CHROMIUM
from tests.browser.complaints import *
from tests.cast import *

HERE = Path(__file__).parent
DATABASES = ["default", "oversight"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIOLATIONS = """async ([part, options]) =>
    (await axe.run(part ?? document, options)).violations"""
# Nobody reads what is right, and to describe each part of it takes most of the time.
SCAN = {"runOnly": RULES, "resultTypes": ["violations"]}


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


@pytest.fixture(scope="session", autouse=True)
def sprite() -> None:
    build_sprite(settings.BUILD_DIR / "icons.svg")


@pytest.fixture
def sign_in(
    live_server: object, context: BrowserContext, client: object
) -> Callable[[User], None]:
    """Give the browser the session of somebody, without the form."""

    def enter(user: User) -> None:
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        url = live_server.url
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])

    return enter


@pytest.fixture
def accessible() -> Callable[..., list[str]]:
    """What an accessibility scan of the page, or of a part, finds: short lines."""

    def scan(page: Page, part: str | None = None) -> list[str]:
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        violations = page.evaluate(VIOLATIONS, [part, SCAN])
        return [
            f"{finding['id']}: {node['target']}"
            for finding in violations
            for node in finding["nodes"]
        ]

    return scan
