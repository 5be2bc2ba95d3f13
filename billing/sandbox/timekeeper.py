"""The thread that lets time pass: real time, and test clocks on their way."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable

from billing.sandbox import timeline
from billing.sandbox.resources import test_clocks
from billing.sandbox.store import Store

EVERY = 20


class Timekeeper(threading.Thread):
    """Looks every 20 seconds, and at once when it is woken."""

    def __init__(self, store: Store, base: str, after: Callable[[], None]) -> None:
        super().__init__(name="clock", daemon=True)
        self._store = store
        self._base = base
        # Told when something may have happened: events wait for delivery.
        self._after = after
        self._news = threading.Event()

    def wake(self) -> None:
        self._news.set()

    def run(self) -> None:
        while True:
            try:
                timeline.catch_up(self._store, self._base)
                test_clocks.finish_advancing(self._store, self._base)
                self._after()
            except Exception:
                # Ours to mend; what is due stays due.
                traceback.print_exc()
            self._news.wait(EVERY)
            self._news.clear()
