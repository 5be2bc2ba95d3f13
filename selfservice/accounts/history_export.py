"""Lines of the activity log as cells of a CSV file and as JSON.

A line's words are made when it is made; only the moment is written here, so call
this in the reader's language and time zone.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from selfservice.accounts.history import Line
from selfservice.core.templatetags.ui import format_moment


def raw(line: Line) -> dict[str, Any]:
    """Everything of an entry, for an export as JSON."""
    entry = line.entry
    return {
        "id": str(entry.pk),
        "happened_at": entry.happened_at.isoformat(),
        "who": line.who,
        "actor": str(entry.actor_id) if entry.actor_id else None,
        "verb": entry.verb,
        "what": line.what,
        "changes": line.changes,
        "before": entry.before,
        "after": entry.after,
        "about": line.subject.title if line.subject else "",
        "subject_kind": entry.subject_kind,
        "subject": str(entry.subject_id),
        "from": line.origin,
    }


def row(line: Line) -> list[str]:
    """An entry as cells, under `head`."""
    return [
        format_moment(line.happened_at),
        line.who,
        line.what,
        "; ".join(line.changes),
        line.subject.title if line.subject else "",
        line.group,
        line.origin,
        line.happened_at.isoformat(),
        str(line.entry.pk),
    ]


def head() -> list[str]:
    """What stands over the cells of `row`."""
    return [
        _("When"),
        _("Who"),
        _("What"),
        _("Before and after"),
        _("About"),
        _("Kind of change"),
        _("IP address"),
        _("Instant (UTC)"),
        _("Entry"),
    ]
