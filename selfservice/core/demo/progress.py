"""Telling what is being done while it is done, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

WIDTH = 24


class Progress:
    """Lines like `PostgreSQL ............ 0.8 s`, the name first."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since this object was made."""
        return time.monotonic() - self._began

    def say(self, words: str = "", end: str = "\n") -> None:
        # The terminal may be gone, which is one way of being told to stop.
        with suppress(OSError):
            self._out.write(f"{words}{end}")
            self._out.flush()

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Whatever is put into the list is added to the line."""
        self.say(f"  {f'{name} '.ljust(WIDTH, '.')} ", end="")
        began = time.monotonic()
        notes: list[str] = []
        try:
            yield notes
        except BaseException:
            self.say("stopped")
            raise
        took = f"{time.monotonic() - began:5.1f} s"
        self.say("  ".join([took, *filter(None, notes)]))
