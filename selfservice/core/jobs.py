"""Background work, and the only module that knows the queue (procrastinate).

Jobs are enqueued in the same transaction as the change they follow from, and run
at least once: each makes its effect once by a row of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from procrastinate import RetryStrategy, exceptions
from procrastinate.contrib.django import app


def job[**P](
    name: str, *, attempts: int = 10
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Declare a job; it is tried again, later and later, up to `attempts` times."""

    def declare(function: Callable[P, None]) -> Callable[P, None]:
        retry = RetryStrategy(max_attempts=attempts, exponential_wait=3)
        app.task(name=name, retry=retry)(function)
        return function

    return declare


def enqueue(name: str, *, key: str = "", **arguments: Any) -> None:
    """Queue the job `name`. With a `key`, one that still waits is not doubled."""
    task = app.configure_task(name, queueing_lock=key or None, allow_unknown=False)
    try:
        # A savepoint: the refused double must not end the caller's transaction.
        with transaction.atomic():
            task.defer(**arguments)
    except exceptions.AlreadyEnqueued:
        return


def periodic(
    name: str, cron: str
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Declare a job that runs by the clock; `cron` is in UTC."""

    def declare(function: Callable[[], None]) -> Callable[[], None]:
        def run(timestamp: int) -> None:
            function()

        task = app.task(name=name, queueing_lock=name)(run)
        app.periodic(cron=cron)(task)
        return function

    return declare
