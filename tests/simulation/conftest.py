"""The simulation: Stripe's stand-in, and how many steps there were."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests import reports
from tests.simulation.running import STEPS, summary
from tests.stripe_sandbox import *

reports.at_the_end(lambda: summary() if STEPS else "")


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """What the portal logs of thousands of troubles is of no use to anybody."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
