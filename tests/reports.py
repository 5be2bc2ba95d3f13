"""What a run tells at its end, also of tests that ran in another process.

With pytest-xdist the tests run in workers, and only the process that started them
writes to the terminal: what workers counted comes to it when they end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

# How many of what, by the name of the report.
COUNTS: dict[str, Counter[str]] = {}
_TELLERS: list[Callable[[], str]] = []
_TOLD: list[str] = []


def counter(name: str) -> Counter[str]:
    """Counts that are told as `name: total (each)`, summed over all processes."""
    return COUNTS.setdefault(name, Counter())


def at_the_end(tell: Callable[[], str]) -> None:
    """Tell this line, too, unless it is empty."""
    _TELLERS.append(tell)


def pack() -> dict[str, Any]:
    """What this worker has to tell."""
    return {
        "counts": {name: dict(counts) for name, counts in COUNTS.items()},
        "lines": _own_lines(),
    }


def unpack(packed: dict[str, Any]) -> None:
    """Take over what a worker told."""
    for name, counts in packed["counts"].items():
        counter(name).update(counts)
    _TOLD.extend(packed["lines"])


def lines() -> Iterator[str]:
    """Everything that is to be told."""
    for name, counts in COUNTS.items():
        if counts:
            each = ", ".join(f"{key} {count}" for key, count in sorted(counts.items()))
            yield f"{name}: {counts.total()} ({each})"
    yield from _TOLD
    yield from _own_lines()


def _own_lines() -> list[str]:
    return [line for tell in _TELLERS if (line := tell())]
