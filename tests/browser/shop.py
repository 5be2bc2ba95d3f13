"""A portal in the browser that talks to the sandbox, as in the demo."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from selfservice.settings.base import content_security_policy
from tests.sandbox_process import SandboxProcess


@pytest.fixture
def browser_context_args(live_server: object) -> dict[str, str]:
    """Addresses are relative to the live server."""
    return {"base_url": live_server.url}


@pytest.fixture(autouse=True)
def policy(settings: Settings, sandbox: SandboxProcess, live_server: object) -> None:
    """The same policy as in the demo, with this sandbox's address."""
    origin = [sandbox.base]
    settings.SECURE_CSP = content_security_policy(
        script=origin, frame=origin, connect=origin
    )
    settings.PORTAL_BASE_URL = live_server.url
