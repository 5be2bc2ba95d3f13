"""People, admins, clocks, faults and webhooks in any order: nothing lost or doubled.

How long and which one: `tests/simulation/running.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import stripe
from pytest_django.fixtures import Settings

from tests.sandbox_process import SandboxProcess
from tests.simulation.machine import Simulation
from tests.simulation.running import chosen, simulate
from tests.simulation.world import new_world

pytestmark = [pytest.mark.sandbox_only, pytest.mark.slow]


@pytest.mark.django_db(transaction=True, databases=["default", "oversight"])
def test_nothing_is_lost_or_doubled_whatever_happens(
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
    settings: Settings,
    tmp_path: Path,
) -> None:
    settings.CLOCK_FILE = tmp_path / "clock"

    class Here(Simulation):
        make_world = staticmethod(lambda: new_world(sandbox, stripe_client))

    simulate(Here, chosen())
