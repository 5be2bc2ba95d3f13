"""Days as the pages show them."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from selfservice.core.templatetags.ui import format_day


def shown_day(instant: dt.datetime, zone: str = "Europe/Amsterdam") -> str:
    """The day where the organization is: near midnight another one than in UTC."""
    with timezone.override(zone):
        return format_day(instant)
