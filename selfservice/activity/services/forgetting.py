"""Erasing what the log knows of people, without breaking its chain."""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings

from selfservice.activity.models import ActivityDetail
from selfservice.core import clock

AT_ONCE = 5_000


def forget_origins(keep_days: int | None = None) -> int:
    """Erase network addresses older than ACTIVITY_KEEPS_ORIGINS (days); how many."""
    days = settings.ACTIVITY_KEEPS_ORIGINS if keep_days is None else keep_days
    before = clock.now() - dt.timedelta(days=days)
    old = ActivityDetail.objects.filter(happened_at__lt=before).exclude(origin_salt="")
    total = 0
    # Some at a time: nobody waits for a long lock.
    while found := list(
        old.order_by("happened_at").values_list("organization_id", "activity_id")[
            :AT_ONCE
        ]
    ):
        total += ActivityDetail.objects.filter(pk__in=found).update(
            origin="", origin_salt=""
        )
    return total


def forget_person(organization_id: uuid.UUID, person_id: uuid.UUID) -> int:
    """Erase name, email and network addresses of one person's entries; how many."""
    theirs = ActivityDetail.objects.filter(
        organization_id=organization_id, actor_id=person_id
    )
    return theirs.update(origin="", origin_salt="", name="", email="", person_salt="")
