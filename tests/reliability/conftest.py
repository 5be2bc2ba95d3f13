"""The fault matrix: its world, and how many cases it had."""

from __future__ import annotations

import collections

import pytest

from tests import reports
from tests.cast import *
from tests.stripe_sandbox import *

COUNTS = reports.counter("fault matrix, cases")


@pytest.fixture(scope="session")
def counted() -> collections.Counter[str]:
    """How many cases each scenario had."""
    return COUNTS
