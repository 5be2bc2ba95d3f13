"""Whatever dies or answers late: once at Stripe, once here, and the page is true.

`FAULT_CASE="drop_after 3x at POST /v1/customers" pytest tests/reliability` runs the
cases whose name has that in it.
"""

from __future__ import annotations

import collections

import pytest
import stripe
from pytest_django.fixtures import Settings

from selfservice.catalog.queries import Offer
from tests.reliability import buying, catalogue  # noqa: F401  they register
from tests.reliability.matrix import cases_of
from tests.reliability.running import run_case
from tests.reliability.scenarios import EVERY
from tests.reliability.world import World, new_world
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.sandbox_only]


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

    for case in cases_of(EVERY[name](), fresh, every=False):
        counted[name] += 1
        with subtests.test(str(case)):
            run_case(case, fresh(), settings)
