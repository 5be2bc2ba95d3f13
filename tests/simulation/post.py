"""Webhooks on their way: late, in any order, twice, or never."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import random
from typing import Any

import stripe
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app

from billing.models import StripeEvent
from billing.services import inbox, operations
from selfservice.core.errors import DomainError
from selfservice.core.hooks import stripe_handlers

type Json = dict[str, Any]

# What runs by itself, but for what compares everything with Stripe.
NOT_HERE = frozenset({"portal.reconcile", "core.retry_stalled"})


@dataclasses.dataclass(slots=True)
class Post:
    """Stripe's events, from when they are made until the portal has them."""

    waiting: list[Json] = dataclasses.field(default_factory=list)
    arrived: list[Json] = dataclasses.field(default_factory=list)
    lost: int = 0
    web: Client = dataclasses.field(default_factory=Client)

    def take(self, events: list[Json]) -> None:
        """All that the portal listens to, and the first of every other type."""
        known = {event["type"] for event in (*self.waiting, *self.arrived)}
        for event in events:
            if stripe_handlers.get(event["type"]) or event["type"] not in known:
                self.waiting.append(event)
            known.add(event["type"])

    def deliver(self, places: list[int], copies: int = 1) -> None:
        """Bring those at these places of the queue, in this order."""
        chosen = [self.waiting[place] for place in places]
        for event in chosen * copies:
            self.bring(event)
        self.waiting = [event for event in self.waiting if event not in chosen]
        self.arrived += chosen

    def deliver_all(self, seed: int, copies: int = 1) -> None:
        places = list(range(len(self.waiting)))
        random.Random(seed).shuffle(places)
        self.deliver(places, copies)

    def lose(self, place: int) -> None:
        """One that never arrives."""
        self.waiting.pop(place)
        self.lost += 1

    def bring(self, event: Json) -> None:
        """Post it, signed, as Stripe does."""
        body = json.dumps(event)
        signature = stripe.WebhookSignature.generate_signature_header(
            body, settings.STRIPE_WEBHOOK_SECRET
        )
        answer = self.web.post(
            reverse("billing:stripe_webhook"),
            body,
            content_type="application/json",
            headers={"stripe-signature": signature},
        )
        assert answer.status_code == 200, answer.status_code


def queued() -> list[tuple[int, str, Json]]:
    """The jobs that wait, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, task_name, args FROM procrastinate_jobs"
            " WHERE status = 'todo' ORDER BY id"
        )
        return [
            (number, name, json.loads(args) if isinstance(args, str) else args)
            for number, name, args in cursor.fetchall()
        ]


def do_job(number: int, name: str, arguments: Json) -> bool:
    """Do one job as a worker would; one that fails stays, to be tried again."""
    try:
        app.tasks[name].func(**arguments)
    except DomainError:
        return False
    forget_job(number)
    return True


def forget_job(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [number])


def work() -> None:
    """One round of a worker: its jobs, then what runs by the clock."""
    for job in queued():
        do_job(*job)
    for periodic in list(app.periodic_registry.periodic_tasks.values()):
        if periodic.task.name not in NOT_HERE:
            periodic.task.func(timestamp=0)


def sweep_everything() -> None:
    """As if every lease had run out, and what lost its job had waited long enough."""
    let_leases_end()
    operations.sweep()
    queue_lost_events()


def let_leases_end() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_stripeoperation SET leased_until = %s"
            " WHERE state IN ('started', 'unknown')",
            [timezone.now()],
        )


def queue_lost_events() -> None:
    """Events whose job died with its worker, a minute later."""
    StripeEvent.objects.filter(processed_at=None).update(
        received_at=timezone.now() - dt.timedelta(minutes=2)
    )
    inbox.sweep()
