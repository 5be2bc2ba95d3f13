"""A process of the portal, and its death at an exact place.

It is a child of the test's own process, with connections of its own, and dies of
SIGKILL: nothing is rolled back, closed or noted on the way out.
"""

from __future__ import annotations

import dataclasses
import os
import pickle
import signal
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO, NoReturn

from django.db import connections

from billing.gateway import client
from tests.reliability.places import Place, watching


@dataclasses.dataclass(frozen=True, slots=True)
class Died:
    """What is known of a child: the places it reached, and how it ended."""

    places: list[Place]
    killed: bool


def run_in_child(do: Callable[[], Any], *, die_at: int | None = None) -> Died:
    """Do it in a process of its own, which dies before its place number `die_at`.

    Raises AssertionError with the child's own traceback when that fails.
    """
    # A connection can't be shared: the first to end it would end the other's.
    connections.close_all()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _live_and_die(do, die_at, os.fdopen(writer, "wb", buffering=0))
    os.close(writer)
    places, error = _read(os.fdopen(reader, "rb"))
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in {0, -signal.SIGKILL}, error or f"the child ended with {status}"
    return Died(places, killed=status == -signal.SIGKILL)


def _live_and_die(
    do: Callable[[], Any], die_at: int | None, report: BinaryIO
) -> NoReturn:
    """The child's whole life. It must never return into the test."""
    reached = 0

    def reach(place: Place) -> None:
        nonlocal reached
        report.write(pickle.dumps(place))
        if reached == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        reached += 1

    try:
        client._client.cache_clear()  # its connections are the parent's
        with watching(reach):
            do()
            reach(Place(end=True))
    except BaseException:
        report.write(pickle.dumps(traceback.format_exc()))
        os._exit(1)
    os._exit(0)


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
