"""Assigning twenty licenses at once, all checks and the log included."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from typing import Any
from urllib.parse import urlencode

from django.db import connection

from licensing.models import LicenseAssignment
from licensing.services.counters import recount
from selfservice.accounts.models import User
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.bench.calling import Application, percentiles, watched
from tests.bench.pages import World


def people_without(purchaser: User, product_id: uuid.UUID) -> list[uuid.UUID]:
    """Who can get a license of theirs, by key."""
    holders = LicenseAssignment.objects.filter(
        organization_id=purchaser.organization_id,
        purchaser=purchaser,
        product_id=product_id,
        ended_at=None,
        suspended_at=None,
    )
    people = User.objects.filter(
        organization_id=purchaser.organization_id, is_guest=False, is_active=True
    )
    rows = people.exclude(pk__in=holders.values("user_id")).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def make_room(subscription: Subscription) -> None:
    """Licenses for everybody, as if bought."""
    Subscription.objects.filter(pk=subscription.pk).update(quantity=1_000_000)


def take_back(subscription: Subscription, since: dt.datetime) -> None:
    """Remove what was measured, so that the next run finds the same."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM licensing_licenseassignment WHERE organization_id = %s"
            " AND product_id = %s AND purchaser_id = %s AND assigned_at >= %s",
            [
                subscription.organization_id,
                subscription.product_id,
                subscription.purchaser_id,
                since,
            ],
        )
    recount(subscription.organization_id, subscription.pk)
    Subscription.objects.filter(pk=subscription.pk).update(
        quantity=subscription.quantity
    )


def assign_twenties(app: Application, w: World, rounds: int) -> dict[str, Any]:
    """Server time and statements of the POST that assigns twenty."""
    since, target = clock.now(), w.crowded
    people = people_without(w.buyer, target.product_id)
    make_room(target)
    url = f"/licenses/{target.product_id}/assign/"
    seconds, sql, counts = [], [], []
    rounds = min(rounds, len(people) // 20)
    for number in range(rounds):
        chosen = people[number * 20 : number * 20 + 20]
        body = urlencode([("people", key) for key in chosen]).encode()
        begun = time.perf_counter()
        if number % 2:
            status, _content = app.ask(url, w.buyer, body=body)
            seconds.append(time.perf_counter() - begun)
        else:
            with watched() as statements:
                status, _content = app.ask(url, w.buyer, body=body)
            sql.append(sum(statements.seconds))
            counts.append(len(statements.seconds))
        assert status == 302, status
    take_back(target, since)
    return {
        "server": percentiles(seconds),
        "sql": percentiles(sql),
        "statements": max(counts),
    }
