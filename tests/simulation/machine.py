"""The state machine: every area's steps, what is always true, and how it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from billing.services.accounts import open_account
from tests.simulation import acts, invariants, logged, money  # noqa: F401  they register
from tests.simulation.agreement import answers_are_applied, check_peace, make_peace
from tests.simulation.facts import read_facts
from tests.simulation.licenses import LicenseSteps
from tests.simulation.orders import CARDS, OrderSteps, add_card, press
from tests.simulation.passing import PassingSteps
from tests.simulation.people import PeopleSteps
from tests.simulation.races import RaceSteps
from tests.simulation.running import RUNS, STEPS
from tests.simulation.trials import TrialSteps, start_trial
from tests.simulation.world import World
from tests.stripe_sandbox import SOLD_TO


class Simulation(
    PeopleSteps, OrderSteps, LicenseSteps, TrialSteps, PassingSteps, RaceSteps
):
    """Purchasers, colleagues, admins, clocks, workers, and Stripe."""

    make_world: Callable[[], World]

    def __init__(self) -> None:
        super().__init__()
        self.world = type(self).make_world()
        self.settled: set[Any] = set()
        self.seed = 0
        self.moved = ""

    @initialize(
        seed=st.integers(0, 9999),
        cards=st.lists(st.sampled_from(sorted(CARDS)), max_size=2),
        offer=st.integers(0, 1),
        quantity=st.integers(2, 6),
        trial=st.booleans(),
    )
    def begin(
        self, seed: int, cards: list[str], offer: int, quantity: int, trial: bool
    ) -> None:
        """Somebody has cards, of which the first one works, and bought something."""
        self.seed = seed
        buyer = self.world.buyers[0]
        open_account(purchaser=buyer, sold_to=SOLD_TO)
        for kind in ["visa", "asks", "declined", *cards]:
            add_card(self.world, 0, kind)
        placed = acts.new_order(
            self.world, buyer=0, offer=offer, quantity=quantity, to_me=True
        )
        press(self.world, placed, card=0)
        if trial:
            asked = {"buyer": 0, "offer": offer + 1, "quantity": 2, "card": 0}
            self.world.act(start_trial(self.world, **asked))
        STEPS["begin"] += 1
        self.done = True

    @invariant()
    def all_is_well(self) -> None:
        if not self.done:
            return
        self.done = False
        self.check()

    def check(self) -> None:
        moved = self.world.moved()
        if moved == self.moved:
            return
        self.moved = moved
        facts = read_facts(self.world)
        for check in invariants.EVERY:
            check(facts)
        self.settled = answers_are_applied(self.settled, facts)

    def teardown(self) -> None:
        if sys.exc_info()[0] is not None:
            return
        make_peace(self.world, self.seed)
        self.check()
        check_peace(self.world)
        assert self.world.sandbox.violations() == []
        RUNS["ended"] += 1
