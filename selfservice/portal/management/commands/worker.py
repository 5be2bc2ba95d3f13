"""The worker: webhooks, unfinished operations and everything by the clock."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from selfservice.core import jobs
from selfservice.core.watch import metrics, tracing


class Command(BaseCommand):
    help = "Run background jobs until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--concurrency", type=int, default=2)

    def handle(self, *args: Any, **options: Any) -> None:
        tracing.start("portal-worker")
        if metrics.on() and settings.WORKER_METRICS_PORT:
            metrics.serve(settings.WORKER_METRICS_PORT)
        jobs.work(concurrency=options["concurrency"])
