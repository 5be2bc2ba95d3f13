"""A step: a rule that is counted, and may find that there is nothing to do."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.simulation.running import STEPS
from tests.simulation.world import World


class Idle(Exception):
    """There is nothing that this step could be done to."""


class Steps(RuleBasedStateMachine):
    """What the steps of every area share: the world that they happen in."""

    world: World
    # Whether something was done since everything was looked at.
    done = True

    def check(self) -> None:
        """Look whether everything is as it must be."""
        raise NotImplementedError


def step(
    when: Callable[[Any], bool] | None = None, **drawn: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Declare a step with what is drawn for it; `when` it can be done at all."""

    def declare(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(self: Steps, **given: Any) -> None:
            try:
                function(self, **given)
            except Idle:
                return
            STEPS[function.__name__] += 1
            self.done = True

        made: Callable[..., None] = rule(**drawn)(run)
        return precondition(when)(made) if when is not None else made

    return declare


def may_order(self: Steps) -> bool:
    """A few orders are enough: what follows them takes its time."""
    return len(self.world.placed) < 6


def pick[Thing](things: list[Thing], number: int) -> Thing:
    """One of them, by a number of any size. Raises Idle when there is none."""
    if not things:
        raise Idle
    return things[number % len(things)]
