"""Several calls that want the same row at the same moment, in a known order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, connections, transaction
from django.db.models import Model

PATIENCE = 10
# Unlike pg_stat_activity, never a view of a moment ago.
WAITING = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"


def queue_for(
    row: Model,
    calls: list[Callable[[], Any]],
    then: Callable[[], Any] = lambda: None,
) -> list[Exception]:
    """Hold the row until every call waits for it, one behind the other; then let go.

    A call that needs no lock for what it does is done at once. `then` is done last,
    while they wait. What they raised.
    """
    raised: list[Exception] = []
    threads = [threading.Thread(target=_run, args=[call, raised]) for call in calls]
    with transaction.atomic():
        type(row)._default_manager.select_for_update().get(pk=row.pk)
        for number, thread in enumerate(threads):
            thread.start()
            _await_queue(threads[: number + 1])
        then()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "a call hangs"
    return raised


def _run(call: Callable[[], Any], raised: list[Exception]) -> None:
    try:
        call()
    except Exception as error:
        raised.append(error)
    finally:
        connections.close_all()


def _await_queue(started: list[threading.Thread]) -> None:
    """Until each waits for a lock, or is done."""
    deadline = time.monotonic() + PATIENCE
    while _waiting() < sum(thread.is_alive() for thread in started):
        assert time.monotonic() < deadline, "somebody neither waits nor ends"
        time.sleep(0.01)


def _waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return int(cursor.fetchone()[0])
