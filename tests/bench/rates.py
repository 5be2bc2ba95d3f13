"""Requests per second at one scale: the portal and Django admin; assigning."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlencode

import django

django.setup()

from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from tests.bench.assigning import make_room, people_without, take_back
from tests.bench.calling import signed_in
from tests.bench.pages import World, hot_pages, world
from tests.bench.serving import (
    Request,
    in_turns,
    per_second,
    same,
    server,
)

CLIENTS = (1, 8)
TURNS = 3


def rates(seconds: float) -> dict[str, Any]:
    w = world()
    cookies = {
        (user.pk, plain): signed_in(user, plain=plain)
        for user in (w.buyer, w.admin)
        for plain in (False, True)
    }
    found: dict[str, Any] = {}
    with (
        server(engine="fast", plain=False) as portal,
        server(engine="stock", plain=True) as plain,
    ):
        for hot in hot_pages(w):
            own, plain_own = (cookies[hot.reader.pk, each] for each in (False, True))
            places = {
                "portal": (portal, hot.url, own, hot.htmx),
                "bare": (plain, hot.bare, plain_own, False),
                "admin": (plain, hot.admin, plain_own, False),
            }
            found[hot.name] = {
                str(clients): _at(places, clients, seconds) for clients in CLIENTS
            }
        found["assign 20"] = _assigning(portal, w, seconds)
    return found


def _at(
    places: dict[str, tuple[int, str, str, bool]],
    clients: int,
    seconds: float,
) -> dict[str, float]:
    """So many clients at once, at each of the places that have such a page."""

    def rate(port: int, url: str, cookies: str, htmx: bool) -> float:
        asked = [same(url, cookies) for _client in range(clients)]
        return per_second(port, asked, seconds, htmx=htmx)

    acts = {name: partial(rate, *place) for name, place in places.items() if place[1]}
    return in_turns(acts, TURNS)


def _assigning(port: int, w: World, seconds: float) -> dict[str, float]:
    """Eight clients on as many licenses, by as many purchasers, and all on one.

    At a small scale there are fewer purchasers: they take turns.
    """
    since = clock.now()
    others = Subscription.objects.filter(
        organization_id=w.buyer.organization_id
    ).exclude(purchaser=w.buyer)
    most = others.order_by("purchaser_id", "-assigned").distinct("purchaser_id")
    targets = list(most.select_related("purchaser__organization")[:8])
    for target in targets:
        make_room(target)
    many = [
        _twenties(targets[place % len(targets)], share=(place, 16))
        for place in range(8)
    ]
    one = [_twenties(targets[0], share=(8 + place, 16)) for place in range(8)]
    found = {
        "many": per_second(port, many, seconds),
        "one": per_second(port, one, seconds),
    }
    for target in targets:
        take_back(target, since)
    return found


def _twenties(target: Subscription, *, share: tuple[int, int]) -> Iterator[Request]:
    """The requests that assign licenses to a share of those who have none.

    All of them now: a client's thread has no connection to the database.
    """
    cookies, (place, of) = signed_in(target.purchaser), share
    people = people_without(target.purchaser, target.product_id)
    part = people[len(people) * place // of : len(people) * (place + 1) // of]
    starts = range(0, len(part) - 19, 20)
    bodies = [
        urlencode([("people", key) for key in part[start : start + 20]]).encode()
        for start in starts
    ]
    url = f"/licenses/{target.product_id}/assign/"
    return iter([(url, cookies, body) for body in bodies])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(rates(float(sys.argv[1]))))
