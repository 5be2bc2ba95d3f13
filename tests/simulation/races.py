"""Two things at the same moment: one stands still somewhere meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from hypothesis import strategies as st

from billing.services import operations
from selfservice.core.errors import DomainError
from selfservice.subscriptions.services.contract import sync_subscription
from tests.simulation import acts, people
from tests.simulation.running import TROUBLES
from tests.simulation.steps import Idle, Steps, may_order, pick, step
from tests.simulation.trouble import Meanwhile, at_place, places
from tests.simulation.world import World

type Maker = Callable[[World, int], acts.Act]


def _assign(world: World, number: int) -> acts.Act:
    """Two people, of whom the other act may want one too."""
    chosen = [number, number + 3]
    return acts.assign(world, buyer=0, product=number // 4, people=chosen)


def _unassign(world: World, number: int) -> acts.Act:
    return acts.unassign(world, buyer=0, product=number // 4, people=[number])


def _disable(world: World, number: int) -> acts.Act:
    world.ever_gone.add(pick(world.people, number).pk)
    return acts.write_directory(world, person=number, cells=people.GONE)


def _press(world: World, number: int) -> acts.Act:
    """The newest order again, with any card."""
    return acts.press(world, pick(world.placed, -1), card=number)


def _more(world: World, number: int) -> acts.Act:
    chosen = acts.confirmed(world, -1)
    return acts.save_quantity(
        world,
        number=-1,
        total=chosen.quantity + 1 + number % 2,
        at_renewal=False,
        losers=False,
    )


def _fewer(world: World, number: int) -> acts.Act:
    return acts.save_quantity(
        world, number=-1, total=1 + number % 3, at_renewal=False, losers=True
    )


def _sync(world: World, number: int) -> acts.Act:
    """What an event of the newest subscription does, as often as it comes."""
    return partial(sync_subscription, acts.confirmed(world, -1).stripe_subscription_id)


def _sweep(world: World, number: int) -> acts.Act:
    return operations.sweep


EVERY: dict[str, Maker] = {
    "assign": _assign,
    "unassign": _unassign,
    "disable": _disable,
    "press": _press,
    "drop": lambda world, number: acts.drop(world, number=-1),
    "more": _more,
    "fewer": _fewer,
    "undo": lambda world, number: acts.undo(world, number=-1),
    "recurring off": lambda world, n: acts.set_recurring(world, number=-1, on=False),
    "recurring on": lambda world, n: acts.set_recurring(world, number=-1, on=True),
    "cancel": lambda world, number: acts.cancel(world, number=-1),
    "sync": _sync,
    "webhooks": lambda world, number: acts.bring_everything(world, seed=number),
    "sweep": _sweep,
}
READERS = st.sampled_from(["sync", "sync", "webhooks", "sweep"])
CHANGES = st.sampled_from(
    ["more", "fewer", "undo", "recurring off", "recurring on", "cancel", "disable"]
)
NAMES = st.sampled_from(sorted(EVERY))
NUMBERS = st.integers(0, 7)


class RaceSteps(Steps):
    """What happens while something else is half done."""

    @step(
        first=NAMES,
        second=NAMES,
        one=NUMBERS,
        other=NUMBERS,
        at=places(),
        before=st.booleans(),
    )
    def at_once(
        self, first: str, second: str, one: int, other: int, at: int, before: bool
    ) -> None:
        """The second comes when the first is at its place number `at`."""
        ours = self._made(first, one)
        theirs = Meanwhile(_quiet(self._made(second, other)))
        self.race(ours, theirs, at=at, before=before)

    @step(
        first=READERS,
        second=CHANGES,
        number=NUMBERS,
        at=st.integers(1, 9),
        before=st.booleans(),
    )
    def overtaken(
        self, first: str, second: str, number: int, at: int, before: bool
    ) -> None:
        """Something changes while what Stripe said before is still on its way."""
        ours = self._made(first, number)
        theirs = Meanwhile(_quiet(self._made(second, number)))
        self.race(ours, theirs, at=at, before=before)

    @step(
        when=may_order,
        number=NUMBERS,
        quantity=st.integers(1, 6),
        at=places(),
        before=st.booleans(),
    )
    def press_twice(self, number: int, quantity: int, at: int, before: bool) -> None:
        """A new order, pressed a second time before the first is through."""
        placed = acts.new_order(
            self.world, buyer=0, offer=number, quantity=quantity, to_me=True
        )
        ours = acts.press(self.world, placed, card=number)
        theirs = Meanwhile(_quiet(acts.press(self.world, placed, card=number)))
        self.race(ours, theirs, at=at, before=before)

    def race(self, ours: acts.Act, theirs: Meanwhile, *, at: int, before: bool) -> None:
        def both() -> None:
            with at_place(at, theirs.start, before=before):
                ours()

        try:
            with suppress(DomainError):
                both()
        finally:
            theirs.finish()
        if theirs.began:
            TROUBLES["race"] += 1
        self.world.look()

    def _made(self, name: str, number: int) -> acts.Act:
        try:
            return EVERY[name](self.world, number)
        except DomainError as refusal:
            raise Idle from refusal


def _quiet(act: acts.Act) -> Callable[[], None]:
    """A refusal is an answer too."""

    def run() -> None:
        with suppress(DomainError):
            act()

    return run
