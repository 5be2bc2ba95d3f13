"""The cast of the tests; and one connection where the tests roll back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections

from tests.cast import *


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
