"""The one kind of key: UUIDv7, made here because Python gained it only in 3.14."""

from __future__ import annotations

import datetime as dt
import uuid

import uuid_utils.compat


def uuid7() -> uuid.UUID:
    """A new time-ordered identifier; new rows land at the end of every index."""
    return uuid_utils.compat.uuid7()


def first_uuid7(moment: dt.datetime) -> uuid.UUID:
    """Not after any identifier that is made at `moment` or later."""
    return uuid.UUID(int=max(0, round(moment.timestamp() * 1000)) << 80)
