"""The database of the tests: the embedded PostgreSQL, under var/test; with
pytest-xdist one for each of its workers.

DATABASE_URL in the environment takes its place. With STRIPE_TEST_KEY the tests that
talk to Stripe do so with Stripe's test mode. Fixtures of a few folders stand
beside them: `tests.cast` (people), `tests.stripe_sandbox` (Stripe's stand-in), and
`tests/browser/conftest.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import translation
from pytest_django import DjangoDbBlocker

from selfservice.core.reading_role import ensure_oversight_role
from selfservice.core.translations import compile_translations
from tests import emptying, live_mode, reports

# A million rows take minutes: `make big`. So do `make chaos` and `make attack`.
collect_ignore = [
    folder
    for folder in ("attack", "big", "chaos")
    if not os.environ.get(folder.upper())
]

# These wait for browsers and processes, on a machine that may be busy with others: they
# get a second try, once. The summary names each that needed it, with what went wrong.
SECOND_TRY = tuple(
    f"tests/{folder}/"
    for folder in ("browser", "demo", "reliability", "watch", "workers")
)

# Many seconds each: no process of pytest-xdist should wait for one alone at the end.
LONGEST = (
    "tests/simulation/",
    "tests/browser/test_places.py",
    "tests/browser/test_journey.py",
    "tests/security/test_authorization.py",
    "tests/demo/",
    "tests/reliability/test_fault_matrix.py",
)

# Threads of a live server may still hold a connection, and the database couldn't go.
END_THE_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a key of live mode before anything runs; empty the database fast."""
    live_mode.chosen()
    emptying.install()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    live_mode.sort_out(items, live_mode.chosen())
    for item in items:
        if item.nodeid.startswith(SECOND_TRY):
            item.add_marker(pytest.mark.flaky(reruns=1))
    items.sort(key=_later)


def _later(item: pytest.Item) -> int:
    """The longest first."""
    found = (n for n, start in enumerate(LONGEST) if item.nodeid.startswith(start))
    return next(found, len(LONGEST))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands over what it has to tell."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["reports"] = reports.pack()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    output = getattr(node, "workeroutput", None) or {}
    if "reports" in output:
        reports.unpack(output["reports"])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was counted, and whether Stripe itself was asked."""
    for line in reports.lines():
        terminalreporter.write_line(line)
    terminalreporter.write_line(str(live_mode.chosen() or live_mode.NOT_RUN))


@pytest.fixture(scope="session", autouse=True)
def translations() -> None:
    """Before anything is translated: Django reads a language's words only once."""
    for folder in settings.LOCALE_PATHS:
        compile_translations(folder)


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """A page that was read in Dutch leaves its language behind in the thread."""
    translation.deactivate()
    yield
    translation.deactivate()


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
