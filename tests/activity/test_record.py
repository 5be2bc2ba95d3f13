"""The log of what happened."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path

from pytest_django.fixtures import Settings

from selfservice.accounts.models import User
from selfservice.activity.models import Activity
from selfservice.activity.services.record import Change, record
from selfservice.core import clock


def test_it_tells_the_time_that_the_pages_tell(
    anna: User, settings: Settings, tmp_path: Path
) -> None:
    settings.CLOCK_FILE = tmp_path / "clock"
    clock.advance(dt.timedelta(days=400))

    record(
        Change(anna.organization_id, anna.pk, "subscription", uuid.uuid4(), "bought")
    )

    assert clock.now() - Activity.objects.get().happened_at < dt.timedelta(minutes=1)
