"""Days as the pages show them: where the organization is, not in UTC."""

from __future__ import annotations

import datetime as dt
import re

from django.utils import timezone

from selfservice.core.templatetags.ui import format_day

AMSTERDAM = "Europe/Amsterdam"
# After so many years leap days are back.
CYCLE = 4
YEAR = re.compile(r"\b20\d\d\b")


def years_ahead(written: str) -> int:
    """How many years later this ISO date is ahead; 0, as long as it is."""
    first, now = dt.date.fromisoformat(written), timezone.now()
    years = 0
    while first.replace(year=first.year + years) <= now.date():
        years += CYCLE
    return years


def later(written: str, years: int) -> str:
    """The same text with every year in it so much later."""
    return YEAR.sub(lambda year: str(int(year[0]) + years), written)


def day_of(instant: dt.datetime, zone: str = AMSTERDAM) -> dt.date:
    """Near midnight another one than in UTC."""
    with timezone.override(zone):
        return timezone.localdate(instant)


def shown_day(instant: dt.datetime, zone: str = AMSTERDAM) -> str:
    """The same in words: 14 Mar 2027."""
    return format_day(day_of(instant, zone))
