"""The sandbox's one idea of now, so that it can be moved."""

from __future__ import annotations

import datetime as dt
import time

offset = 0.0


def now() -> int:
    """Seconds since 1970."""
    return int(time.time() + offset)


def add_months(start: int, months: int) -> int:
    """The same day and time `months` later, in UTC; the last day where it lacks."""
    moment = dt.datetime.fromtimestamp(start, dt.UTC)
    index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(index, 12)
    first = dt.date(year, month + 1, 1)
    after = dt.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    day = min(moment.day, (after - first).days)
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())
