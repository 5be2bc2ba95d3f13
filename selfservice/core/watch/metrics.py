"""Numbers for Prometheus. Without `METRICS_TOKEN` nothing is counted or loaded.

Each process keeps its counts in `PROMETHEUS_MULTIPROC_DIR`, and whichever is asked
adds them up. What the database knows (queue, Stripe, mail) is read when asked.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from selfservice.core.watch import readiness

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram
    from prometheus_client.metrics_core import GaugeMetricFamily

# Seconds; a page is promised in tens of milliseconds, a call to Stripe gives up at 13.
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
_making = threading.Lock()


class Meters(NamedTuple):
    requests: Histogram
    jobs: Histogram
    stripe_calls: Counter


def on() -> bool:
    return bool(settings.METRICS_TOKEN)


def refuse_half_configured() -> None:
    """Raise ImproperlyConfigured where several processes would count apart."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    if on() and not (folder and Path(folder).is_dir()):
        raise ImproperlyConfigured(
            "METRICS_TOKEN is set, but PROMETHEUS_MULTIPROC_DIR names no folder: each"
            " process would tell numbers of its own. Set it to an empty folder, or"
            " remove METRICS_TOKEN."
        )


def request_answered(*, method: str, route: str, status: int, seconds: float) -> None:
    if on():
        _meters().requests.labels(method, route, status).observe(seconds)


def job_ended(*, name: str, outcome: str, seconds: float) -> None:
    if on():
        _meters().jobs.labels(name, outcome).observe(seconds)


def stripe_called(outcome: str) -> None:
    if on():
        _meters().stripe_calls.labels(outcome).inc()


def exposition() -> tuple[bytes, str]:
    """What Prometheus reads, and its content type."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    return generate_latest(_registry()), CONTENT_TYPE_LATEST


def serve(port: int) -> None:
    """Answer Prometheus on a loopback port of its own: for a process without pages."""
    from prometheus_client import start_http_server

    start_http_server(port, addr="127.0.0.1", registry=_registry())


def _meters() -> Meters:
    # Threads that answer a process's first requests would each register them.
    with _making:
        return _made()


@cache
def _made() -> Meters:
    from prometheus_client import Counter, Histogram

    return Meters(
        Histogram(
            "portal_request_seconds",
            "Requests answered, by the pattern of their address.",
            ["method", "route", "status"],
            buckets=_BUCKETS,
        ),
        Histogram(
            "portal_job_seconds",
            "Attempts at background jobs.",
            ["job", "outcome"],
            buckets=_BUCKETS,
        ),
        Counter("portal_stripe_calls", "Calls to Stripe, by outcome.", ["outcome"]),
    )


def _registry() -> CollectorRegistry:
    from prometheus_client import REGISTRY, CollectorRegistry, multiprocess

    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(registry)
    else:
        _meters()
        registry.register(REGISTRY)
    registry.register(_Stored())
    return registry


class _Stored:
    """What stands in the database, as gauges."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        from prometheus_client.metrics_core import GaugeMetricFamily

        try:
            known = readiness.facts()
        except DatabaseError:
            known = {}
        yield GaugeMetricFamily(
            "portal_database_up", "Whether the database answers.", float(bool(known))
        )
        for topic, facts in known.items():
            for name, value in facts.items():
                if not isinstance(value, str):
                    yield GaugeMetricFamily(f"portal_{topic}_{name}", topic, value)
