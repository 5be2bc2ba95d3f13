"""Every job of the clock is known to a worker, which imports no URLs."""

from __future__ import annotations

import subprocess
import sys

from django.conf import settings

ASK = """
import django
django.setup()
from procrastinate.contrib.django import app
app.perform_import_paths()
names = {task.task.name for task in app.periodic_registry.periodic_tasks.values()}
print(*sorted(names))
"""


def test_a_worker_knows_every_periodic_job() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(answer.stdout.split()) >= {
        "activity.forget_origins",
        "activity.seal",
        "activity.sweep_mail",
        "billing.sweep_events",
        "billing.sweep_operations",
        "core.retry_stalled",
        "licensing.compare_counters",
        "licensing.end_deleted",
        "licensing.suspend_disabled",
        "portal.reconcile",
        "subscriptions.catch_up_renewals",
        "subscriptions.give_up_overdue",
        "subscriptions.remind",
    }
