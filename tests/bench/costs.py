"""One scale: processor time of each hot page, of the web process and of PostgreSQL.

The coefficients of the model of costs in docs/scale.md. Unlike the clock, it hardly
depends on what else the machine does.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import django

django.setup()

from django.db import connection, connections

from tests.bench.calling import Application, engine
from tests.bench.pages import hot_pages, world

WARM = 3
TICK = os.sysconf("SC_CLK_TCK")


def costs(rounds: int) -> dict[str, tuple[float, float]]:
    """Milliseconds of each page: the web's, and the database's."""
    w = world()
    app = Application()
    found = {}
    for hot in hot_pages(w):
        with engine("fast"):
            for _warm in range(WARM):
                app.ask(hot.url, hot.reader, htmx=hot.htmx)
            began, there = time.process_time(), _database()
            for _round in range(rounds):
                status, _content = app.ask(hot.url, hot.reader, htmx=hot.htmx)
                assert status == 200, hot.url
            here = time.process_time() - began
        web, database = (1000 * t / rounds for t in (here, _database() - there))
        found[hot.name] = (round(web, 2), round(database, 2))
    return found


def _database() -> float:
    """Processor seconds of the servers that this process is connected to."""
    seconds = 0.0
    for alias in connections:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        seconds += (int(words[11]) + int(words[12])) / TICK
    return seconds


if __name__ == "__main__":
    connection.ensure_connection()
    sys.stdout.write(json.dumps(costs(int(sys.argv[1])), indent=1) + "\n")
