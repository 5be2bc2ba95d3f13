"""What happens by itself, one thing after the other, in the order of its time.

A module registers, for a kind of object, when the next thing happens to one and what:

    @timeline.watches("checkout.session", "open")
    def expiry(call: Call, found: Obj) -> Step | None:
        return Step(found["expires_at"], lambda call: expire(call, found))

A step runs in a transaction of its own, with `call.now` exactly at its instant, and
the clock moves in the same transaction: killed anywhere, the next advance goes on.
"""

from __future__ import annotations

import dataclasses
import heapq
import json
import threading
from collections.abc import Callable, Iterator

from billing.sandbox import clock
from billing.sandbox.call import Call
from billing.sandbox.given import Given
from billing.sandbox.store import Store
from billing.sandbox.wire import Obj

# So many steps of one customer at one instant are a mistake of ours.
TOO_MANY = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """Something that happens at `when`. Of two at once the lower `rank` is first."""

    when: int
    do: Callable[[Call], object]
    rank: int = 0


type Watcher = Callable[[Call, Obj], Step | None]
# When, rank, whose: what is due, without holding on to what it would do.
type Due = tuple[int, int, str]


@dataclasses.dataclass(frozen=True, slots=True)
class _Watch:
    kind: str
    statuses: tuple[str, ...]
    look: Watcher


_WATCHES: list[_Watch] = []
# One hand on the clocks: steps of two advances don't mix.
_hand = threading.Lock()


def watches(kind: str, *statuses: str) -> Callable[[Watcher], Watcher]:
    """Ask the function about every object of a kind that has one of the statuses.

    The statuses only save time: what has come to its end needn't be looked at.
    """

    def register(look: Watcher) -> Watcher:
        _WATCHES.append(_Watch(kind, statuses, look))
        return look

    return register


def catch_up(store: Store, base: str) -> None:
    """Let everything happen that is due now by the sandbox's own clock."""
    with _hand:
        # The clock isn't touched: it may be reset meanwhile.
        _Line(store, base, "").run(clock.now())


def advance(store: Store, base: str, until: int, clock_id: str = "") -> None:
    """Let everything happen that is due at `until`, and move the clock there.

    Without `clock_id` it is the sandbox's own clock, else that test clock; only what
    follows the clock happens.
    """
    with _hand:
        line = _Line(store, base, clock_id)
        line.run(until)
        line.arrive(until)


@dataclasses.dataclass(slots=True)
class _Line:
    store: Store
    base: str
    clock_id: str
    _last: Due = (0, 0, "")
    _repeated: int = 0

    def run(self, until: int) -> None:
        # Others may make something meanwhile: look again until nothing is due.
        while agenda := self._agenda(until):
            while agenda:
                key = heapq.heappop(agenda)
                following = self._step(key)
                if following is not None and following[0] <= until:
                    heapq.heappush(agenda, following)

    def arrive(self, until: int) -> None:
        with self.store.transaction():
            self._move(until)

    def _agenda(self, until: int) -> list[Due]:
        """Of each customer the first thing that is due, as a heap."""
        with self.store.lock:
            call = self._call()
            first: dict[str, Due] = {}
            for customer, step in self._steps(call):
                key = (step.when, step.rank, customer)
                if step.when <= until and key < first.get(customer, (until + 1, 0, "")):
                    first[customer] = key
        agenda = list(first.values())
        heapq.heapify(agenda)
        return agenda

    def _step(self, key: Due) -> Due | None:
        """Do the customer's next step, if it is the one that was seen; what follows."""
        with self.store.transaction():
            call = self._call()
            step = self._next(call, key[2])
            if step is not None and (step.when, step.rank, key[2]) == key:
                self._count(key)
                call.at = step.when
                self._move(step.when)
                step.do(call)
                step = self._next(call, key[2])
        return (step.when, step.rank, key[2]) if step else None

    def _next(self, call: Call, customer: str) -> Step | None:
        found = (step for _, step in self._steps(call, customer))
        return min(found, key=lambda step: (step.when, step.rank), default=None)

    def _steps(
        self, call: Call, customer: str | None = None
    ) -> Iterator[tuple[str, Step]]:
        for watch in _WATCHES:
            for whose, found in self._watched(watch, customer):
                step = watch.look(call, found)
                if step is not None:
                    yield whose, step

    def _watched(self, watch: _Watch, customer: str | None) -> list[tuple[str, Obj]]:
        """Objects that follow the clock, of one customer or of all; oldest first."""
        query = (
            "SELECT o.customer, o.body FROM objects o"
            " LEFT JOIN objects c ON c.id = o.customer AND o.customer <> ''"
            " WHERE o.kind = ?"
            " AND coalesce(json_extract(c.body, '$.test_clock'), '') = ?"
        )
        values = [watch.kind, self.clock_id]
        if customer is not None:
            query += " AND o.customer = ?"
            values.append(customer)
        if watch.statuses:
            marks = ", ".join("?" * len(watch.statuses))
            query += f" AND json_extract(o.body, '$.status') IN ({marks})"
            values += watch.statuses
        rows = self.store.db.execute(f"{query} ORDER BY o.seq", values)
        return [(row[0], json.loads(row[1])) for row in rows]

    def _call(self) -> Call:
        following = self.clock_id or None
        return Call(self.store, Given({}), (), self.base, test_clock=following)

    def _move(self, instant: int) -> None:
        if not self.clock_id:
            clock.move_to(self.store, instant)
            return
        found = self.store.get(self.clock_id, clock.TEST_CLOCK)
        if found is not None and found["frozen_time"] < instant:
            self.store.put(found | {"frozen_time": instant})

    def _count(self, key: Due) -> None:
        self._repeated = self._repeated + 1 if key == self._last else 0
        self._last = key
        if self._repeated > TOO_MANY:
            raise RuntimeError(f"The same thing is due again and again: {key}")
