"""Faults on command: what a network and a busy server do to a request.

Ordered through the admin API, a number of times, for a verb and a path prefix.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import deque

KINDS = frozenset(
    {
        "drop_before",  # the connection is reset, nothing was done
        "drop_after",  # it was done, the answer is lost
        "500_before",
        "500_after",
        "409",
        "429",
        "slow_before",
        "slow_during",  # others with the same key are told that it is at work
        "slow_after",
    }
)


@dataclasses.dataclass(slots=True)
class Fault:
    """`kind` for the next `times` requests of `verb` under `path`."""

    kind: str
    verb: str = ""
    path: str = ""
    times: int = 1
    seconds: float = 0.0

    def fits(self, verb: str, path: str) -> bool:
        return self.verb in {"", verb} and path.startswith(self.path)


class Faults:
    """The faults that wait, and the last requests that were seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self.calls: deque[dict[str, object]] = deque(maxlen=5000)

    def order(self, fault: Fault) -> None:
        """Raises ValueError for a kind that doesn't exist."""
        if fault.kind not in KINDS:
            raise ValueError(f"Known faults: {', '.join(sorted(KINDS))}")
        with self._lock:
            self._waiting.append(fault)

    def waiting(self) -> list[dict[str, object]]:
        """What was ordered and hasn't happened yet."""
        with self._lock:
            return [dataclasses.asdict(fault) for fault in self._waiting]

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()
            self.calls.clear()

    def take(self, verb: str, path: str) -> Fault | None:
        """The fault for this request, counted down; null for none."""
        with self._lock:
            for fault in self._waiting:
                if fault.fits(verb, path):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                    return dataclasses.replace(fault)
        return None
