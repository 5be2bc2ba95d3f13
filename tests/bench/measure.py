"""One scale: every page with its yardsticks, in turns; the figures as JSON."""

from __future__ import annotations

import gc
import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.db import connection

from tests.bench.assigning import assign_twenties
from tests.bench.calling import (
    Application,
    engine,
    percentiles,
    watched,
)
from tests.bench.pages import Hot, World, compared_pages, hot_pages, world

WARM = 3


def measure(rounds: int) -> dict[str, Any]:
    w = world()
    portal, plain = Application(), Application(plain=True)
    return {
        "pages": {hot.name: _page(hot, portal, plain, rounds) for hot in hot_pages(w)},
        "pairs": _pairs(w, portal, rounds),
        "assign": assign_twenties(portal, w, min(rounds, 20)),
    }


def _page(
    hot: Hot, portal: Application, plain: Application, rounds: int
) -> dict[str, Any]:
    def ask(app: Application, url: str, name: str, htmx: bool = False) -> bytes:
        with engine(name):
            status, content = app.ask(url, hot.reader, htmx=htmx)
        assert status == 200, (url, status, content[:2000])
        return content

    turns: dict[str, Callable[[], object]] = {
        "fast": lambda: ask(portal, hot.url, "fast", hot.htmx),
        "stock": lambda: ask(portal, hot.url, "stock", hot.htmx),
        "bare": lambda: ask(plain, hot.bare, "stock"),
    }
    if hot.admin:
        turns["admin"] = lambda: ask(plain, hot.admin, "stock")
    if hot.raw:
        turns["raw"] = lambda: _raw(hot)
    times, own = in_turns(turns, rounds)
    figures: dict[str, Any] = {
        name: percentiles(seconds) for name, seconds in times.items()
    }
    figures["own"], figures["kind"] = own, hot.kind
    figures["bytes"] = len(ask(portal, hot.url, "fast", hot.htmx))
    figures["bare bytes"] = len(ask(plain, hot.bare, "stock"))
    sums, counts = [], []
    for _round in range(rounds):
        with watched() as statements:
            ask(portal, hot.url, "fast", hot.htmx)
        sums.append(sum(statements.seconds))
        counts.append(len(statements.seconds))
    figures["sql"] = percentiles(sums)
    figures["statements"] = max(counts)
    return figures


def in_turns(
    turns: dict[str, Callable[[], object]], rounds: int
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """What each took, in seconds, and this process's share of it in milliseconds.

    One after the other, so that a busy moment of the machine falls on all of them. In
    another order each time: whoever comes after one that is alike finds it all warm.
    """
    times: dict[str, list[float]] = {name: [] for name in turns}
    own: dict[str, list[float]] = {name: [] for name in turns}
    order, chance = list(turns.items()), random.Random(7)
    for number in range(WARM + rounds):
        gc.collect()
        chance.shuffle(order)
        for name, act in order:
            begun, worked = time.perf_counter(), time.process_time()
            act()
            if number >= WARM:
                own[name].append(time.process_time() - worked)
                times[name].append(time.perf_counter() - begun)
    return times, {name: percentiles(seconds)[0] for name, seconds in own.items()}


def _raw(hot: Hot) -> None:
    with connection.cursor() as cursor:
        cursor.execute(hot.raw, hot.asked)
        cursor.fetchall()


def _pairs(w: World, app: Application, rounds: int) -> dict[str, Any]:
    found = {}
    for name, (first, second, most) in compared_pages(w).items():

        def ask(url: str) -> None:
            status, _content = app.ask(url, w.buyer)
            assert status == 200, url

        times, _own = in_turns(
            {
                "first": lambda url=first.url: ask(url),
                "second": lambda url=second.url: ask(url),
            },
            rounds,
        )
        ratio = percentiles(times["first"])[0] / percentiles(times["second"])[0]
        found[name] = (ratio, most)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]))))
