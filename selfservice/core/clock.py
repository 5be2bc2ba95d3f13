"""The portal's idea of now.

Everything that has to do with terms, trials and periods asks here, so that the
demo can move time forward, and whether Stripe still keeps an idempotency key.
Signatures, sessions, job schedules, leases and the order in which answers were read
use real time.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone


class ClockStandsStill(RuntimeError):
    """Time was to be moved where it must not be: in production, or backwards."""


def now() -> dt.datetime:
    """The current instant, aware, in UTC; moved ahead by `offset`."""
    return timezone.now() + offset()


def offset() -> dt.timedelta:
    """How far time was moved; nothing unless the settings name a CLOCK_FILE."""
    file = _file()
    if file is None:
        return dt.timedelta()
    try:
        # Read each time: other processes move it too, and the file is tiny.
        return dt.timedelta(seconds=float(file.read_text()))
    except FileNotFoundError:
        return dt.timedelta()


def advance(by: dt.timedelta) -> dt.timedelta:
    """Move time forward for every process with the same CLOCK_FILE; the new offset.

    Raises ClockStandsStill without a file, or for a step back.
    """
    file = _file()
    if file is None or by < dt.timedelta():
        raise ClockStandsStill("Only a demo's time moves, and only forward.")
    moved = offset() + by
    file.parent.mkdir(parents=True, exist_ok=True)
    # Written whole and put in place at once: a reader never sees half a number.
    fresh = file.with_suffix(f".{os.getpid()}")
    fresh.write_text(str(moved.total_seconds()))
    fresh.replace(file)
    return moved


def today_in(zone: str) -> dt.date:
    """The date it is now in the time zone named `zone` (an IANA name)."""
    return now().astimezone(ZoneInfo(zone)).date()


def _file() -> Path | None:
    return settings.CLOCK_FILE if settings.DEMO else None
