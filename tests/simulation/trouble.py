"""What goes wrong while something is done: at Stripe, on the way, or at home."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
import stripe
from django.db import connection, connections
from hypothesis import strategies as st

from tests.sandbox_process import SandboxProcess
from tests.simulation.running import TROUBLES

PATIENCE = 20
FAULTS = ("drop_before", "drop_after", "500_before", "500_after", "429", "409")
WAITS = "SELECT cardinality(pg_blocking_pids(%s)) > 0"


class Died(BaseException):
    """The process is gone: nothing that it would have done now is done."""


@dataclasses.dataclass(frozen=True, slots=True)
class Trouble:
    """Nothing, unless a subclass says what.

    `around` is there while the portal acts.
    """

    def around(self, sandbox: SandboxProcess) -> Any:
        return nullcontext()


@dataclasses.dataclass(frozen=True, slots=True)
class Fault(Trouble):
    """After `skip` requests (only writes, or all) `times` of them go wrong."""

    kind: str
    only_writes: bool
    times: int
    skip: int

    @contextmanager
    def around(self, sandbox: SandboxProcess) -> Iterator[None]:
        verb = "POST" if self.only_writes else ""
        sandbox.fault(self.kind, verb, "/v1/", times=self.times, skip=self.skip)
        try:
            yield
        finally:
            left = sum(fault["times"] for fault in sandbox.look("faults")["faults"])
            TROUBLES[self.kind] += self.times - left
            sandbox.order("faults/clear")


@dataclasses.dataclass(frozen=True, slots=True)
class Death(Trouble):
    """The process dies at its place number `at`; a short act survives."""

    at: int
    before: bool

    @contextmanager
    def around(self, sandbox: SandboxProcess) -> Iterator[None]:
        with at_place(self.at, _die, before=self.before):
            yield


NONE = Trouble()


def troubles() -> st.SearchStrategy[Trouble]:
    """Mostly none."""
    return st.one_of(
        st.just(NONE),
        st.builds(
            Fault,
            kind=st.sampled_from(FAULTS),
            only_writes=st.booleans(),
            # One is mended by the client's own retries; three are not.
            times=st.sampled_from([3, 1]),
            skip=st.sampled_from([0, 0, 0, 1, 2, 3, 4]),
        ),
        deaths(),
    )


def deaths() -> st.SearchStrategy[Trouble]:
    """For what doesn't talk to Stripe."""
    died = st.builds(Death, at=places(), before=st.booleans())
    return st.one_of(st.just(NONE), died)


def _die() -> None:
    TROUBLES["death"] += 1
    raise Died


@contextmanager
def at_place(
    number: int, do: Callable[[], None], *, before: bool = False
) -> Iterator[None]:
    """Call `do` once, at the place `number` of what this thread does.

    A place is a statement, or a call to Stripe.
    """
    count, me = 0, threading.get_ident()
    request = stripe.RequestsClient.request

    def reach(go_on: Callable[[], Any]) -> Any:
        nonlocal count
        count += threading.get_ident() == me
        reached = count == number and threading.get_ident() == me
        if reached and before:
            do()
        answer = go_on()
        if reached and not before:
            do()
        return answer

    def watch(execute: Any, *statement: Any) -> Any:
        return reach(lambda: execute(*statement))

    def call(client: stripe.RequestsClient, *given: Any, **named: Any) -> Any:
        return reach(lambda: request(client, *given, **named))

    with (
        pytest.MonkeyPatch.context() as patched,
        connection.execute_wrapper(watch),
    ):
        patched.setattr(stripe.RequestsClient, "request", call)
        yield


def places() -> st.SearchStrategy[int]:
    """Most of what is done is short."""
    return st.one_of(st.integers(1, 8), st.integers(1, 30))


class Meanwhile:
    """Something that another process does while ours stands still at some place.

    It goes on until it has ended or waits for a lock of ours; then ours goes on. The
    order is the same each time, so that a failing run can be run again.
    """

    def __init__(self, do: Callable[[], None]) -> None:
        self._do = do
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._ready = threading.Event()
        self._error: BaseException | None = None

    def start(self) -> None:
        """Called at the place."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        self._let_run()

    @property
    def began(self) -> bool:
        return self._thread is not None

    def finish(self) -> None:
        """Called when ours is through; raises what the other raised."""
        if self._thread is None:
            return
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the other one hangs"
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            connection.ensure_connection()
            self._pid = connection.connection.info.backend_pid
            self._ready.set()
            self._do()
        except BaseException as error:
            self._error = error
        finally:
            self._ready.set()
            connections.close_all()

    def _let_run(self) -> None:
        assert self._thread is not None
        deadline = time.monotonic() + PATIENCE
        with _observer() as look:
            while self._thread.is_alive() and not look(self._pid):
                assert time.monotonic() < deadline, "neither ends nor waits"
                self._thread.join(0.002)


@contextmanager
def _observer() -> Iterator[Callable[[int], bool]]:
    """Tells whether a backend waits for another one's lock, on its own connection."""
    made = connection.get_new_connection(
        {**connection.get_connection_params(), "autocommit": True}
    )
    try:
        yield lambda pid: bool(made.execute(WAITS, [pid]).fetchone()[0])
    finally:
        made.close()
