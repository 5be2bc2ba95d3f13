from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from selfservice.core import clock

DAY = dt.timedelta(days=1)


@pytest.fixture
def moving(settings: Settings, tmp_path: Path) -> None:
    settings.CLOCK_FILE = tmp_path / "demo" / "clock"


@pytest.mark.usefixtures("moving")
def test_time_moves_forward_and_adds_up() -> None:
    clock.advance(DAY)
    clock.advance(DAY * 30)

    ahead = clock.now() - timezone.now()

    assert abs(ahead - DAY * 31) < dt.timedelta(seconds=1)


@pytest.mark.usefixtures("moving")
def test_time_never_moves_back() -> None:
    with pytest.raises(clock.ClockStandsStill):
        clock.advance(-DAY)


def test_time_stands_where_the_settings_name_no_file() -> None:
    with pytest.raises(clock.ClockStandsStill):
        clock.advance(DAY)

    assert clock.offset() == dt.timedelta()


@pytest.mark.usefixtures("moving")
def test_production_does_not_look_at_the_file(settings: Settings) -> None:
    clock.advance(DAY)
    settings.DEMO = False

    assert clock.offset() == dt.timedelta()
