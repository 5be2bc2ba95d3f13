"""The cast of the tests; the role that can't write; one connection to roll back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection, connections
from pytest_django import DjangoDbBlocker

from tests.cast import *  # noqa: F403  fixtures are found by name


@pytest.fixture(scope="session", autouse=True)
def oversight_role(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> str:
    """The name of a role that has SELECT and nothing else; empty where there's none."""
    role = str(settings.DATABASES["oversight"]["USER"])
    if role == settings.DATABASES["default"]["USER"]:
        return ""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            cursor.execute(f'CREATE ROLE "{role}" LOGIN')
        cursor.execute(f'GRANT USAGE ON SCHEMA public TO "{role}"')
        cursor.execute(f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{role}"')
        cursor.execute(f'ALTER ROLE "{role}" SET default_transaction_read_only = on')
    return role


@pytest.fixture(autouse=True)
def one_connection(
    _django_db_marker: None, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Let `oversight` see what a test hasn't committed, by default's connection.

    Tests that commit use the real one.
    """
    mark = request.node.get_closest_marker("django_db")
    if mark is None or mark.kwargs.get("transaction"):
        yield
        return
    reader = connections["oversight"]
    connections["oversight"] = connections["default"]
    yield
    connections["oversight"] = reader
