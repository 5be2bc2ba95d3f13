"""Every trouble of every write, as a list of cases.

trouble     a fault at one call, or a death at one place: of the page, or of the
            worker that settles a lost answer
the events  are told before the person comes back; twice and backwards after it;
            or never
the person  comes back and does the same once more, or never does
"""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Callable, Iterator

from tests.reliability.killing import run_in_child
from tests.reliability.places import Place, watching
from tests.reliability.scenarios import Scenario
from tests.reliability.world import World, let_leases_end, work

# What Stripe's client tries before it gives up.
TRIES = 3
SLOW = ("slow_before", "slow_during", "slow_after")
LOST = ("drop_before", "drop_after", "500_before", "500_after", "409", *SLOW)
ON_WRITES = [("429", 1), *itertools.product(LOST, (1, TRIES))]
ON_READS = [("500_before", TRIES)]
CORE = {("drop_before", TRIES), ("500_after", TRIES), ("slow_after", 1)}
# Seconds: how long a slow answer takes, and how long the portal waits for it then.
SLOWNESS = 0.3
PATIENCE = 0.15
EVENTS = ("never", "before", "twice")
PERSON = ("returns", "leaves")


@dataclasses.dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong. `place` counts the places of a run without any trouble."""

    text: str
    place: int
    # The sandbox's word for it; empty: the process dies there.
    fault: str = ""
    times: int = 1
    # It is the worker that dies, at a lost answer; not the page.
    worker: bool = False
    # The worker comes when Stripe has forgotten the keys.
    late: bool = False
    # Tried every time; the others every night.
    core: bool = False

    @property
    def slow(self) -> bool:
        return self.fault in SLOW


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """One cell of the matrix."""

    scenario: Scenario
    trouble: Trouble
    events: str
    person: str

    def __str__(self) -> str:
        return (
            f"{self.scenario.name}: {self.trouble.text}; events {self.events};"
            f" person {self.person}"
        )


def cases_of(
    scenario: Scenario, new_world: Callable[[], World], *, every: bool
) -> Iterator[Case]:
    """The cases of a scenario: `every` trouble, or its core.

    The troubles take turns at what follows. FAULT_CASE in the environment picks those
    whose name has it in it.
    """
    person = PERSON[:1] if scenario.by_hand else PERSON
    follows = itertools.cycle(itertools.product(EVENTS, person))
    wanted = os.environ.get("FAULT_CASE", "")
    for trouble in _troubles(scenario, new_world):
        case = Case(scenario, trouble, *next(follows))
        if wanted in str(case) if wanted else every or trouble.core:
            yield case


def _troubles(scenario: Scenario, new_world: Callable[[], World]) -> list[Trouble]:
    """What can go wrong, found by looking at a run in which nothing does."""
    world = new_world()
    scenario.prepare(world)
    places = run_in_child(lambda: scenario.act(world)).places
    found = [*_deaths(places), *_faults(places)]
    if scenario.by_hand:
        return found
    if scenario.provable:
        found += [
            dataclasses.replace(
                each,
                late=True,
                text=f"{each.text}, for a day",
                core=each.fault == "drop_before",
            )
            for each in found
            if each.fault in {"", "drop_before", "drop_after"} and each.times != 1
        ]
    world = new_world()
    scenario.prepare(world)
    lose_answer(scenario, world)
    let_leases_end()
    return [*found, *_deaths(run_in_child(work).places, worker=True)]


def _deaths(places: list[Place], *, worker: bool = False) -> Iterator[Trouble]:
    """A death before each place; the core is right before and after each write."""
    for number, (last, place) in enumerate(itertools.pairwise([Place(), *places])):
        yield Trouble(
            f"{'worker' if worker else 'page'} dies before {place} ({number})",
            number,
            times=0,
            worker=worker,
            core=last.writes or (place.writes and not worker),
        )


def _faults(places: list[Place]) -> Iterator[Trouble]:
    """Everything that happens to calls; of a read only the answer is lost."""
    for number, call in enumerate(places):
        for kind, times in ON_WRITES if call.writes else ON_READS if call.verb else []:
            yield Trouble(
                f"{kind} {times}x at {call} ({number})",
                number,
                fault=kind,
                times=times,
                core=(kind, times) in CORE,
            )


def lose_answer(scenario: Scenario, world: World) -> None:
    """The person does it, and the answer to the first write is lost each time."""
    act_with_fault(scenario, world, lambda place: place.writes, "drop_after", TRIES)


def act_with_fault(
    scenario: Scenario,
    world: World,
    fits: Callable[[Place], bool],
    kind: str,
    times: int,
) -> None:
    """The person does it; from the first place that `fits` on, calls go wrong."""
    ordered = False

    def reach(place: Place) -> None:
        nonlocal ordered
        if not ordered and fits(place):
            ordered = True
            world.sandbox.fault(
                kind, place.verb, place.path, times=times, seconds=SLOWNESS
            )

    with watching(reach):
        scenario.act(world)
    world.sandbox.order("faults/clear")
    assert ordered, "the place wasn't reached"
