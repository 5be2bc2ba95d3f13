"""The demo's banner: being somebody else, and letting time pass."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.contrib.auth import get_user
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django.fixtures import Settings

from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.portal.services.demo_clock import NIGHT_JOB
from selfservice.portal.tasks import demo_night
from tests.factories.subscriptions import make_subscription
from tests.sandbox_process import SandboxProcess
from tests.stripe_sandbox import *

pytestmark = pytest.mark.sandbox_only


@pytest.fixture
def demo(client: Client, anna: User, settings: Settings, tmp_path: Path) -> Client:
    settings.CLOCK_FILE = tmp_path / "clock"
    client.force_login(anna)
    return client


def test_one_continues_as_somebody_else_of_the_demo(demo: Client, carla: User) -> None:
    demo.post("/demo/continue-as/", {"email": carla.email})

    assert get_user(demo) == carla


def test_nobody_becomes_a_person_whom_the_demo_does_not_name(
    demo: Client, carla: User
) -> None:
    User.objects.filter(pk=carla.pk).update(email="other@noordzee.example")

    answer = demo.post("/demo/continue-as/", {"email": "other@noordzee.example"})

    assert answer.status_code == 404


def test_strangers_sign_in_first(client: Client, db: None) -> None:
    for path in ("/demo/continue-as/", "/demo/clock/"):
        answer = client.post(path, {"email": "anna@noordzee.example", "days": "1"})

        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")


def test_both_clocks_move_together(demo: Client, sandbox: SandboxProcess) -> None:
    before = clock.now()

    answer = demo.post("/demo/clock/", {"days": "31", "back": "/help/"})

    assert answer["Location"] == "/help/"
    moved = clock.now() - before
    assert dt.timedelta(days=31) <= moved < dt.timedelta(days=31, minutes=1)
    assert abs(sandbox.now() - clock.now().timestamp()) < 5


def test_what_runs_by_night_runs_when_the_nights_are_skipped(
    demo: Client, sandbox: SandboxProcess, anna: User
) -> None:
    since = clock.now() - dt.timedelta(days=20)
    owed = make_subscription(anna, past_due_since=since)

    demo.post("/demo/clock/", {"days": "31"})
    demo_night()

    owed.refresh_from_db()
    assert owed.disabled_at == since + dt.timedelta(days=30)
    waiting = ProcrastinateJob.objects.filter(task_name=NIGHT_JOB, status="todo")
    assert waiting.count() == 1


def test_a_sandbox_that_is_away_leaves_the_portals_clock_alone(
    demo: Client, settings: Settings
) -> None:
    settings.STRIPE_SANDBOX_ORIGIN = "http://127.0.0.1:9"

    answer = demo.post("/demo/clock/", {"days": "1"}, follow=True)

    assert "The time couldn" in answer.text
    assert clock.offset() == dt.timedelta()


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", ""])
def test_the_way_back_stays_in_the_portal(
    demo: Client, sandbox: SandboxProcess, back: str
) -> None:
    answer = demo.post("/demo/clock/", {"days": "1", "back": back})

    assert answer["Location"] == "/"
