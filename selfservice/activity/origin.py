"""Who asks, and from where: known to the log without being handed through services."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


@dataclasses.dataclass(frozen=True, slots=True)
class Origin:
    """The person whose request is answered. `address` is asked for when written."""

    person_id: uuid.UUID
    name: str
    email: str
    address: Callable[[], str]


_current: ContextVar[Origin | None] = ContextVar("activity_origin", default=None)


def current() -> Origin | None:
    """Null in a worker or a command."""
    return _current.get()


@contextmanager
def acting(origin: Origin) -> Iterator[None]:
    """What is logged inside comes from `origin`."""
    token = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(token)
