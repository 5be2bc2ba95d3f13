"""What monitors ask: /healthz, /readyz and /metrics."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from billing.models.stripe import OperationState, StripeOperation
from selfservice.accounts.models import User
from selfservice.core.watch import metrics
from tests.sandbox_process import ROOT

pytestmark = pytest.mark.django_db
TOKEN = "only-for-the-tests-of-metrics"
# As a monitor asks: without encryption, by an address that isn't the portal's.
PLAIN: dict[str, Any] = {"headers": {"Host": "10.1.2.3:8001"}}


def wait_since(age: dt.timedelta) -> None:
    """A job that could have run since then."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, scheduled_at)"
            " VALUES ('default', 'nothing', %s)",
            [timezone.now() - age],
        )


@pytest.fixture
def production_hosts(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["portal.example"]
    settings.SECURE_SSL_REDIRECT = True


@pytest.fixture
def numbers(client: Client, settings: Settings) -> Iterator[Any]:
    settings.METRICS_TOKEN = TOKEN

    def read() -> dict[str, float]:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        return {
            ",".join((s.name, *s.labels.values())): s.value
            for family in text_string_to_metric_families(answer.content.decode())
            for s in family.samples
        }

    return read


def test_threads_that_answer_the_first_requests_at_once_count_together(
    tmp_path: Path,
) -> None:
    code = """
import sys, threading
import django
django.setup()
from selfservice.core.watch import metrics
sys.setswitchinterval(1e-6)
together = threading.Barrier(8)
def answer():
    together.wait()
    metrics.request_answered(method="GET", route="/", status=200, seconds=0.1)
threads = [threading.Thread(target=answer) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(metrics.exposition()[0].decode())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ
        | {"METRICS_TOKEN": TOKEN, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert not done.stderr, done.stderr
    counted = 'portal_request_seconds_count{method="GET",route="/",status="200"} 8.0'
    assert counted in done.stdout


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_monitor_needs_neither_host_nor_encryption(
    client: Client, production_hosts: None, path: str
) -> None:
    assert client.get(path, **PLAIN).status_code == 200
    assert client.get("/", **PLAIN).status_code in {301, 400}
    assert client.post(path).status_code == 405


def test_a_moving_queue_is_ready(client: Client) -> None:
    wait_since(dt.timedelta(seconds=20))

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert 20 <= answer.json()["queue"]["age_seconds"] < 60


def test_a_queue_that_stands_still_is_not_ready(client: Client) -> None:
    wait_since(dt.timedelta(minutes=6))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["queue"]["waiting"] == 1


def test_a_job_that_is_due_later_makes_nobody_wait(client: Client) -> None:
    wait_since(dt.timedelta(days=-1))

    assert client.get("/readyz").json()["queue"]["waiting"] == 0


def test_a_job_that_was_just_queued_is_young(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name)"
            " VALUES ('default', 'nothing')"
        )

    assert client.get("/readyz").json()["queue"]["age_seconds"] < 60


def test_stripe_is_told_of_and_decides_nothing(client: Client, anna: User) -> None:
    StripeOperation.objects.create(
        organization_id=anna.organization_id,
        key="lost",
        kind="nothing",
        subject_id=anna.pk,
        state=OperationState.UNKNOWN,
        leased_until=timezone.now(),
        created_at=timezone.now() - dt.timedelta(hours=1),
    )

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["stripe"]["state"] == "late"
    assert answer.json()["stripe"]["unsettled"] == 1


def test_without_a_token_there_are_no_metrics(client: Client) -> None:
    assert client.get("/metrics").status_code == 404


def test_metrics_are_for_who_shows_the_token(
    client: Client, settings: Settings
) -> None:
    settings.METRICS_TOKEN = TOKEN

    refused = client.get("/metrics", headers={"Authorization": "Bearer guessed"})

    assert refused.status_code == 401
    assert client.get("/metrics").status_code == 401


def test_requests_are_counted_by_pattern(
    client: Client, numbers: Any, anna: User
) -> None:
    client.force_login(anna)
    counted = "portal_request_seconds_count,GET,products/,200"
    before = numbers().get(counted, 0)

    client.get("/products/?q=Bram")

    assert numbers()[counted] == before + 1
    assert not [name for name in numbers() if "Bram" in name]


def test_what_the_database_knows_is_among_the_metrics(numbers: Any) -> None:
    wait_since(dt.timedelta(minutes=6))

    read = numbers()

    assert read["portal_database_up"] == 1
    assert read["portal_queue_age_seconds"] >= 360
    assert read["portal_stripe_unsettled"] == 0
    assert read["portal_mail_waiting"] == 0


def test_processes_that_would_count_apart_do_not_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")

    with pytest.raises(ImproperlyConfigured, match="numbers of its own"):
        metrics.refuse_half_configured()


def test_what_the_alerts_ask_for_is_measured(client: Client, numbers: Any) -> None:
    rules = (ROOT / "deploy/watch/portal.rules.yml").read_text("utf-8")
    asked = set(re.findall(r"portal_\w+", rules))

    # Numbers of requests are there after one.
    client.get("/accounts/login/")
    measured = {name.split(",")[0] for name in numbers()}

    assert len(asked) > 8
    assert asked <= measured
