"""Signing people out everywhere."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from selfservice.activity.services import choices
from selfservice.core.hooks import PeopleLost


def end_sessions(lost: PeopleLost) -> None:
    """Delete the sessions of people who were disabled or removed.

    They are let in nowhere as it is; but whoever is let in again must sign in again,
    and a cookie, or a calendar's address, that somebody kept must not live again with
    them.
    """
    choices.stop_calendars(lost.organization_id, lost.user_ids)
    seen = UserSession.objects.filter(user_id__in=lost.user_ids)
    Session.objects.filter(session_key__in=seen.values("session_key")).delete()
    seen.delete()
