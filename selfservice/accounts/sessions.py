"""Django's sessions in the database, read by a statement that is written once."""

from __future__ import annotations

from functools import cache

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from selfservice.core.statements import Later, Statement


@cache
def _session() -> Statement[Session]:
    found = Session.objects.filter(
        session_key=Later("key"), expire_date__gt=Later("now")
    )
    return Statement(found[:1], prepared=True)


class SessionStore(db.SessionStore):
    """Every page reads one."""

    def _get_session_from_db(self) -> Session | None:
        found = _session().first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found
