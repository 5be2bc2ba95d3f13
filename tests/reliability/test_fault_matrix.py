"""Whatever dies or answers late: once at Stripe, once here, and the page is true.

The core of it runs with all tests; FAULT_MATRIX=every in the environment runs every
case, and FAULT_CASE="drop_after 3x at POST /v1/customers" those whose name has that
in it.
"""

from __future__ import annotations

import collections

import pytest
import stripe
from pytest_django.fixtures import Settings

from billing.services import operations
from selfservice.catalog.queries import Offer
from tests.reliability import (  # noqa: F401  they register their scenarios
    buying,
    cards,
    catalogue,
    changing,
    erasing,
    handing,
    paying,
    profiles,
    reactivating,
    settling,
    trying,
    waiting,
)
from tests.reliability.matrix import cases_of
from tests.reliability.running import check_reconciled, run_case
from tests.reliability.scenarios import EVERY
from tests.reliability.world import World, new_world
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.sandbox_only]


def test_every_kind_of_operation_has_a_scenario() -> None:
    covered = {kind for scenario in EVERY.values() for kind in scenario.kinds}

    assert set(operations.kinds) - covered == set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", sorted(EVERY))
def test_nothing_is_lost_or_doubled(
    name: str,
    diagrams: Offer,
    sandbox: SandboxProcess,
    stripe_client: stripe.StripeClient,
    settings: Settings,
    subtests: pytest.Subtests,
    counted: collections.Counter[str],
) -> None:
    def fresh() -> World:
        return new_world(sandbox, stripe_client, diagrams)

    scenario, worlds = EVERY[name](), []
    for case in cases_of(scenario, fresh):
        counted[name] += 1
        with subtests.test(str(case)):
            world = fresh()
            run_case(case, world, settings)
            worlds.append(world)
    if not scenario.by_hand:
        check_reconciled(scenario, worlds)
