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
DROPPED = frozenset({"drop_before", "drop_after"})
ON_READS = [("500_before", TRIES)]
CORE = {("500_after", TRIES)}
CORE_OF_FIRST = CORE | {("drop_before", TRIES), ("slow_after", 1)}
# Seconds: how long a slow answer takes, and how long the portal waits for it then.
SLOWNESS = 0.4
PATIENCE = 0.2
EVENTS = ("never", "before", "twice")
PERSON = ("returns", "leaves")


@dataclasses.dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong. `place` counts the places of a run without any trouble."""

    text: str
    place: int
    # The sandbox's word for it.
    fault: str = ""
    times: int = 1
    # The process dies there; with a fault, in the middle of the call.
    dies: bool = False
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


def cases_of(scenario: Scenario, new_world: Callable[[], World]) -> Iterator[Case]:
    """The cases of a scenario that the environment asks for; else its core.

    The troubles take turns at what follows them.
    """
    person = PERSON[:1] if scenario.by_hand else PERSON
    follows = itertools.cycle(itertools.product(EVENTS, person))
    every = os.environ.get("FAULT_MATRIX") == "every"
    named = os.environ.get("FAULT_CASE", "")
    for trouble in _troubles(scenario, new_world):
        case = Case(scenario, trouble, *next(follows))
        if named in str(case) if named else every or trouble.core:
            yield case


def _troubles(scenario: Scenario, new_world: Callable[[], World]) -> list[Trouble]:
    """What can go wrong, found by looking at a run in which nothing does."""
    world = new_world()
    scenario.prepare(world)
    places = run_in_child(lambda: scenario.act(world)).places
    found = [*_deaths(places), *_faults(places), *_deaths_in_calls(places)]
    if scenario.by_hand:
        return found
    if scenario.provable:
        found += [
            dataclasses.replace(
                each,
                late=True,
                text=f"{each.text}, for a day",
                core=each.core and each.fault == "drop_before",
            )
            for each in found
            if each.dies or (each.fault in DROPPED and each.times == TRIES)
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
            dies=True,
            worker=worker,
            core=last.writes or (place.writes and not worker),
        )


def _deaths_in_calls(places: list[Place]) -> Iterator[Trouble]:
    """Stripe goes on with what was asked, and nobody hears the answer."""
    for number, call in enumerate(places):
        if call.writes:
            yield Trouble(
                f"page dies during {call} ({number})",
                number,
                fault="slow_during",
                dies=True,
            )


def _faults(places: list[Place]) -> Iterator[Trouble]:
    """Everything that happens to calls; of a read only the answer is lost."""
    first = next(n for n, call in enumerate(places) if call.writes)
    for number, call in enumerate(places):
        for kind, times in ON_WRITES if call.writes else ON_READS if call.verb else []:
            yield Trouble(
                f"{kind} {times}x at {call} ({number})",
                number,
                fault=kind,
                times=times,
                core=(kind, times) in (CORE_OF_FIRST if number == first else CORE),
            )


def hang(world: World, call: Place) -> None:
    """Stripe takes its time over the next such call; a DELETE has no key to keep."""
    kind = "slow_during" if call.verb == "POST" else "slow_before"
    world.sandbox.fault(kind, call.verb, call.path, seconds=SLOWNESS)


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
