"""How long a simulation is, and how to run the same one again.

SIMULATION_STEPS    how many steps, about; 600 unless told
SIMULATION_SEED     which ones; the same number is the same simulation
SIMULATION_REPLAY   one failing run, as it was printed: "version/blob"
SIMULATION_SHRINK   0: don't look for a shorter run that fails too
"""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

STEPS_A_RUN = 80
# So many runs have a seed of their own: what failed is found again soon.
RUNS_A_BATCH = 20
# What was done, by the name of the step, and by what went wrong meanwhile.
STEPS: Counter[str] = Counter()
TROUBLES: Counter[str] = Counter()
RUNS: Counter[str] = Counter()


@dataclasses.dataclass(frozen=True, slots=True)
class Length:
    """How many steps of which simulation."""

    steps: int
    seed: int
    replay: str
    shrink: bool


def chosen() -> Length:
    return Length(
        steps=int(os.environ.get("SIMULATION_STEPS", "600")),
        seed=int(os.environ.get("SIMULATION_SEED", "20261123")),
        replay=os.environ.get("SIMULATION_REPLAY", ""),
        shrink=os.environ.get("SIMULATION_SHRINK", "1") == "1",
    )


def settings_of(length: Length) -> hypothesis.settings:
    phases = [Phase.explicit, Phase.generate]
    if length.shrink:
        phases.append(Phase.shrink)
    return hypothesis.settings(
        max_examples=RUNS_A_BATCH,
        stateful_step_count=STEPS_A_RUN,
        database=None,
        deadline=None,
        phases=phases,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


def simulate(machine: type[RuleBasedStateMachine], length: Length) -> None:
    """Run batch after batch; whatever fails says how to run that again."""
    seed = length.seed
    _run(machine, length, seed)
    while STEPS.total() < length.steps and not length.replay:
        seed += 1
        _run(machine, length, seed)


def _run(machine: type[RuleBasedStateMachine], length: Length, seed: int) -> None:
    class Chosen(machine):
        """A class of its own: what is chosen is written on it."""

    Chosen.__name__ = Chosen.__qualname__ = machine.__name__
    chosen_machine: Any = hypothesis.seed(seed)(Chosen)
    if length.replay:
        version, blob = length.replay.split("/", 1)
        replay = hypothesis.reproduce_failure(version, blob.encode())
        chosen_machine = replay(chosen_machine)
    try:
        run_state_machine_as_test(chosen_machine, settings=settings_of(length))
    except BaseException as error:
        error.add_note(
            f"The same runs again: SIMULATION_SEED={seed} SIMULATION_STEPS=1"
            " pytest tests/simulation\n"
            "Only the one that failed: SIMULATION_REPLAY='version/blob' with the two"
            " words of @reproduce_failure above."
        )
        raise


def summary() -> str:
    """What was run, in one line."""
    steps = ", ".join(f"{name} {count}" for name, count in STEPS.most_common())
    troubles = ", ".join(f"{name} {count}" for name, count in TROUBLES.most_common())
    return (
        f"simulation: {STEPS.total():,} steps in {RUNS['ended']:,} runs with"
        f" {TROUBLES.total():,} troubles, from seed {chosen().seed}\n"
        f"  steps: {steps}\n  troubles: {troubles}"
    )
