"""A process of the portal, and its death at an exact place.

It is a child of the test's own process, with connections of its own, and dies of
SIGKILL: nothing is rolled back, closed or noted on the way out.
"""

from __future__ import annotations

import dataclasses
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO, NoReturn

from django.db import connections

from billing.gateway import client
from tests.reliability.places import Place, watching

# Seconds in which a call has certainly been sent, and the slow answer isn't there yet.
UNTIL_SENT = 0.1

type Hang = Callable[[Place], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Died:
    """What is known of a child: the places it reached, and how it ended."""

    places: list[Place]
    killed: bool


def run_in_child(
    do: Callable[[], Any], *, die_at: int | None = None, in_call: Hang | None = None
) -> Died:
    """Do it in a process of its own, which dies before its place number `die_at`.

    With `in_call` that place is a call, which `in_call` makes slow, and the process
    dies while it waits for the answer.

    Raises AssertionError with the child's own traceback when that fails.
    """
    # A connection can't be shared: the first to end it would end the other's.
    connections.close_all()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _live_and_die(do, die_at, in_call, os.fdopen(writer, "wb", buffering=0))
    os.close(writer)
    places, error = _read(os.fdopen(reader, "rb"))
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in {0, -signal.SIGKILL}, error or f"the child ended with {status}"
    return Died(places, killed=status == -signal.SIGKILL)


def _live_and_die(
    do: Callable[[], Any], die_at: int | None, in_call: Hang | None, report: BinaryIO
) -> NoReturn:
    """The child's whole life. It must never return into the test."""
    reached = 0

    def reach(place: Place) -> None:
        nonlocal reached
        report.write(pickle.dumps(place))
        if reached == die_at and in_call is None:
            _die()
        if reached == die_at and in_call is not None:
            in_call(place)
            threading.Timer(UNTIL_SENT, _die).start()
        reached += 1

    try:
        client._client.cache_clear()  # its connections are the parent's
        _forget_inherited_connections()
        with watching(reach):
            do()
            reach(Place(end=True))
    except BaseException:
        report.write(pickle.dumps(traceback.format_exc()))
        os._exit(1)
    os._exit(0)


def _forget_inherited_connections() -> None:
    """Connect anew, whatever the parent still has open.

    A browser's event loop gives the parent other connections than its child sees:
    the child would work on a socket that stays open, with its locks, when it dies.
    """
    for alias in connections:
        with suppress(AttributeError):
            del connections[alias]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _read(report: BinaryIO) -> tuple[list[Place], str]:
    places, error = [], ""
    with report:
        while True:
            try:
                found = pickle.load(report)
            except EOFError:
                return places, error
            if isinstance(found, Place):
                places.append(found)
            else:
                error = str(found)
