"""The database of the tests: the embedded PostgreSQL, under var/test.

DATABASE_URL in the environment takes its place. Fixtures of a few folders stand
beside them: `tests.cast` (people), `tests.stripe_sandbox` (Stripe's stand-in), and
`tests/browser/conftest.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker

from selfservice.core.embedded.roles import ensure_oversight_role
from selfservice.core.translations import compile_translations

# Threads of a live server may still hold a connection, and the database couldn't go.
END_THE_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="session", autouse=True)
def translations() -> None:
    """Before anything is translated: Django reads a language's words only once."""
    compile_translations(settings.LOCALE_PATHS[0])


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """The test database, with the role that can only read."""
    # Elsewhere somebody else makes the roles.
    if "EMBEDDED_BASE" not in connection.settings_dict:
        yield
        return
    with django_db_blocker.unblock():
        ensure_oversight_role(connection)
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(END_THE_OTHERS)
