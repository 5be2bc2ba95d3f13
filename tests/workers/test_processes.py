"""Real worker processes: several at once, killed in the middle, told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from billing.gateway.shapes import EventHint
from billing.models import StripeEvent
from billing.services import inbox
from selfservice.core import jobs
from tests.cast import *
from tests.sandbox_process import ROOT, SandboxProcess
from tests.stripe_sandbox import *

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox_only]
PATIENCE = 60
READS = "/v1/invoices"
type Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def start(sandbox: SandboxProcess) -> Iterator[Start]:
    """Starts workers on the test's database; whatever still runs is ended."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")
    running: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "worker"], cwd=ROOT, env=_environment(sandbox)
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)


def _environment(sandbox: SandboxProcess) -> dict[str, str]:
    known = connection.settings_dict
    query = f"?host={quote(str(known['HOST']))}"
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "selfservice.settings.test",
        "DATABASE_URL": f"postgresql://{known['USER']}@/{known['NAME']}{query}",
        "STRIPE_API_BASE": sandbox.base,
        "WORKER_STALLED_AFTER": "2",
    }


def tell(number: int) -> None:
    """An event about an invoice that Stripe doesn't have: read once, and done."""
    inbox.receive(EventHint(f"evt_{number}", "invoice.paid", f"in_{number}", ""))


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def all_processed() -> bool:
    return not StripeEvent.objects.filter(processed_at=None).exists()


def test_two_workers_read_each_event_once(
    start: Start, sandbox: SandboxProcess
) -> None:
    for number in range(40):
        tell(number)
    start()
    start()

    wait_for(all_processed)

    assert len(sandbox.calls("GET", READS)) == 40
    assert not ProcrastinateJob.objects.filter(status="failed").exists()


def test_what_a_killed_worker_was_at_another_one_does(
    start: Start, sandbox: SandboxProcess
) -> None:
    sandbox.fault("slow_before", "GET", READS, seconds=20)
    tell(1)
    killed = start()
    wait_for(lambda: bool(sandbox.calls("GET", READS)))
    killed.send_signal(signal.SIGKILL)
    killed.wait(PATIENCE)
    assert not all_processed()
    time.sleep(2.5)

    start()

    wait_for(all_processed)


def test_a_worker_that_is_told_to_stop_finishes_what_it_is_at(
    start: Start, sandbox: SandboxProcess
) -> None:
    sandbox.fault("slow_before", "GET", READS, seconds=1)
    tell(1)
    worker = start()
    wait_for(lambda: bool(sandbox.calls("GET", READS)))

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(PATIENCE) == 0
    assert all_processed()


def test_a_change_that_is_taken_back_leaves_no_job() -> None:
    before = ProcrastinateJob.objects.count()

    with transaction.atomic():
        jobs.enqueue(inbox.PROCESS_JOB, event_id="evt_never")
        transaction.set_rollback(True)

    assert ProcrastinateJob.objects.count() == before
