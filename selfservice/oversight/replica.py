"""How old the figures are, where they come from a replica."""

from __future__ import annotations

import datetime as dt

from django.db import connections
from django.utils.translation import ngettext

from selfservice.core.numbers import Grouped
from selfservice.oversight.queries import ALIAS

# Something is written at least every minute: the worker's heartbeat.
LAG = """
SELECT CASE WHEN pg_is_in_recovery()
    THEN extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
END
"""
WORTH_SAYING = dt.timedelta(minutes=2)


def lag() -> dt.timedelta | None:
    """How far behind the replica is; null on the primary, without asking it."""
    connection = connections[ALIAS]
    if not connection.settings_dict.get("REPLICA"):
        return None
    with connection.cursor() as cursor:
        cursor.execute(LAG)
        row = cursor.fetchone()
    return None if not row or row[0] is None else dt.timedelta(seconds=float(row[0]))


def lag_sentence() -> str:
    """Empty while nobody would notice."""
    behind = lag()
    if behind is None or behind < WORTH_SAYING:
        return ""
    minutes = behind // dt.timedelta(minutes=1)
    return ngettext(
        "What you see is %(count)s minute old: it is read from a copy of the database.",
        "What you see is %(count)s minutes old: it is read from a copy of the"
        " database.",
        minutes,
    ) % {"count": Grouped(minutes)}
