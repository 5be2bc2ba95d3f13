"""The cast of the tests, and one connection for what they don't commit."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.oversight.conftest import one_connection  # noqa: F401  a fixture
from tests.stripe_sandbox import *


@pytest.fixture(autouse=True)
def mail_folder(settings: Settings, tmp_path: Path) -> None:
    """The demo's mailbox reads mail from files."""
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": str(tmp_path)},
        }
    }
