"""The one kind of key: UUIDv7, made here because Python gained it only in 3.14."""

from __future__ import annotations

import uuid

import uuid_utils.compat


def uuid7() -> uuid.UUID:
    """A new time-ordered identifier; new rows land at the end of every index."""
    return uuid_utils.compat.uuid7()
