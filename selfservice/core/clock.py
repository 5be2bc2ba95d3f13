"""The portal's idea of now.

Everything that has to do with terms, trials and periods asks here, so that the
demo can move time forward. Signatures, sessions and job schedules use real time.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.utils import timezone


def now() -> dt.datetime:
    """The current instant, aware, in UTC."""
    return timezone.now()


def today_in(zone: str) -> dt.date:
    """The date it is now in the time zone named `zone` (an IANA name)."""
    return now().astimezone(ZoneInfo(zone)).date()
