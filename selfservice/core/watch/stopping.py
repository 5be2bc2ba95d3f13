"""Being told to stop, whichever thread the system tells it.

Python does what a signal asks for in the main thread, and granian's main thread sleeps
until then. The system may hand the signal to any thread; handed to another, it would
leave the main one asleep: the process would go on answering until it is killed, with
what it is at.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time

_STOP = (signal.SIGTERM, signal.SIGINT)
# Means nothing to anybody, and a sleeping thread wakes up for it.
_WAKE = signal.SIGURG


def wake_the_main_thread() -> None:
    """From now on a signal to stop wakes the main thread; elsewhere nothing happens."""
    if threading.current_thread() is not threading.main_thread():
        return
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    # Written to by whichever thread gets the signal.
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    # With a handler of its own it interrupts; what waits to be handled then is.
    signal.signal(_WAKE, lambda *_: None)
    watched = (told, threading.get_ident())
    threading.Thread(target=_watch, args=watched, daemon=True, name="stopping").start()


def _watch(told: int, main: int) -> None:
    while os.read(told, 1)[0] not in _STOP:
        pass
    # Not once only: it may have been about to fall asleep.
    while True:
        with contextlib.suppress(ProcessLookupError):
            signal.pthread_kill(main, _WAKE)
        time.sleep(1)
