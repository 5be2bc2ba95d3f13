"""No page leaves this machine, or makes the browser complain."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Request

LOCAL = {"127.0.0.1", "localhost"}


@pytest.fixture(autouse=True)
def complaints(context: BrowserContext) -> Iterator[list[str]]:
    """What the browser complained about; a test that expects some empties it."""
    found: list[str] = []

    def look(request: Request) -> None:
        if urlsplit(request.url).hostname not in LOCAL:
            found.append(f"left this machine: {request.url}")

    # Not by a route, which would keep the browser from keeping what pages share.
    context.on("request", look)
    context.on(
        "console",
        lambda said: found.append(said.text) if said.type == "error" else None,
    )
    context.on("weberror", lambda error: found.append(str(error.error)))
    yield found
    assert found == []
