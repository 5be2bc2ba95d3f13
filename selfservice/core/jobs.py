"""Background work, and the only module that knows the queue (procrastinate).

Jobs are enqueued in the same transaction as the change they follow from, and run
at least once: each makes its effect once by a row of its own.
"""

from __future__ import annotations

import asyncio
import functools
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from procrastinate import RetryStrategy, exceptions
from procrastinate.contrib.django import app

from selfservice.core.watch import logs, metrics, readiness

# Failed jobs stay for a look at them; done ones are removed at once.
KEEP_FAILED_HOURS = 72

# How long the jobs wait that could run now. The oldest have the smallest numbers, so a
# long queue isn't read whole; when a job was queued stands among its events.
_QUEUE_FACTS = """
WITH due AS (
    SELECT id, scheduled_at FROM procrastinate_jobs
    WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())
), oldest AS (SELECT * FROM due ORDER BY id LIMIT 50)
SELECT
    (SELECT count(*) FROM due),
    (SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'),
    (SELECT count(*) FROM procrastinate_workers
        WHERE last_heartbeat > now() - make_interval(secs => %s)),
    COALESCE((
        SELECT extract(epoch FROM now() - min(COALESCE(scheduled_at, (
            SELECT max(at) FROM procrastinate_events
            WHERE job_id = oldest.id AND type IN ('deferred', 'deferred_for_retry')
        )))) FROM oldest
    ), 0)
"""


def job[**P](
    name: str, *, attempts: int = 10
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Declare a job; it is tried again, later and later, up to `attempts` times."""

    def declare(function: Callable[P, None]) -> Callable[P, None]:
        retry = RetryStrategy(max_attempts=attempts, exponential_wait=3)
        app.task(name=name, retry=retry)(watched(name, function))
        return function

    return declare


def watched[**P](name: str, function: Callable[P, None]) -> Callable[P, None]:
    """The job, with its name in its log lines and its time in the metrics."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        began, outcome = time.perf_counter(), "failed"
        try:
            with logs.about(job=name, request=uuid.uuid4().hex):
                function(*args, **kwargs)
            outcome = "done"
        finally:
            seconds = time.perf_counter() - began
            metrics.job_ended(name=name, outcome=outcome, seconds=seconds)

    return run


def enqueue(name: str, *, key: str = "", **arguments: Any) -> None:
    """Queue the job `name`. With a `key`, one that still waits is not doubled."""
    task = app.configure_task(name, queueing_lock=key or None, allow_unknown=False)
    if not key:
        task.defer(**arguments)
        return
    try:
        # A savepoint: the refused double must not end the caller's transaction.
        with transaction.atomic():
            task.defer(**arguments)
    except exceptions.AlreadyEnqueued:
        return


def periodic(
    name: str, cron: str
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Declare a job that runs by the clock; `cron` is in UTC, seconds come last."""

    def declare(function: Callable[[], None]) -> Callable[[], None]:
        def run(timestamp: int) -> None:
            watched(name, function)()

        # One at a time: a slow run is not overtaken by the next one.
        task = app.task(name=name, queueing_lock=name, lock=name)(run)
        app.periodic(cron=cron)(task)
        return function

    return declare


def work(*, concurrency: int = 2) -> None:
    """Run jobs until the process is told to stop; the current ones are finished."""
    connector: Any = app.connector
    with app.replace_connector(connector.get_worker_connector()) as worker_app:
        asyncio.run(_work(worker_app, concurrency))


async def _work(worker_app: Any, concurrency: int) -> None:
    async with worker_app.open_async():
        # A restart after a crash doesn't wait for the minute to pass.
        await _put_back_stalled(worker_app.job_manager)
        await worker_app.run_worker_async(
            concurrency=concurrency,
            wait=True,
            fetch_job_polling_interval=2,
            delete_jobs="successful",
            install_signal_handlers=True,
            update_heartbeat_interval=min(10, settings.WORKER_STALLED_AFTER / 4),
            shutdown_graceful_timeout=20,
        )


@app.periodic(cron="* * * * *")
@app.task(
    name="core.retry_stalled", queueing_lock="core.retry_stalled", pass_context=False
)
async def retry_stalled(timestamp: int) -> None:
    """Put back what a worker that died had taken."""
    await _put_back_stalled(app.job_manager)


@app.periodic(cron="50 2 * * *")
@app.task(
    name="core.remove_old_jobs",
    queueing_lock="core.remove_old_jobs",
    pass_context=False,
)
async def remove_old_jobs(timestamp: int) -> None:
    """Forget jobs that failed for good, days after somebody could have looked."""
    await app.job_manager.delete_old_jobs(
        nb_hours=KEEP_FAILED_HOURS, include_failed=True
    )


def queue_facts() -> dict[str, float | str]:
    """Jobs that wait, that failed, workers alive, and the oldest wait in seconds.

    Raises DatabaseError when the database doesn't answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE_FACTS, [settings.WORKER_STALLED_AFTER])
        waiting, failed, workers, age = cursor.fetchone()
    return {
        "waiting": waiting,
        "failed": failed,
        "workers": workers,
        "age_seconds": round(float(age), 1),
    }


readiness.topics.register("queue", queue_facts)


async def _put_back_stalled(manager: Any) -> None:
    for stalled in await manager.get_stalled_jobs(
        seconds_since_heartbeat=settings.WORKER_STALLED_AFTER
    ):
        await manager.retry_job(stalled)
