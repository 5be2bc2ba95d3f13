"""Sending events: signed as Stripe signs them, tried again until they arrive."""

from __future__ import annotations

import json
import random
import threading
import traceback
from collections.abc import Sequence

import requests
import stripe

from billing.sandbox import deliveries
from billing.sandbox.deliveries import Delivery
from billing.sandbox.store import Store
from billing.sandbox.wire import Obj

PATIENCE = 10


class Courier(threading.Thread):
    """One thread that delivers what is due. `hold` keeps everything back."""

    def __init__(self, store: Store) -> None:
        super().__init__(name="webhooks", daemon=True)
        self._store = store
        self._news = threading.Event()
        # Whoever has it sends; without it nothing is on its way.
        self._way = threading.RLock()
        self.held = False

    def wake(self) -> None:
        self._news.set()

    def run(self) -> None:
        while True:
            try:
                while self._deliver_next():
                    pass
            except Exception:
                # Ours to mend; the next look goes on.
                traceback.print_exc()
            self._news.wait(0.5)
            self._news.clear()

    def hold(self) -> None:
        """Keep everything back; what is on its way has arrived when this returns."""
        self.held = True
        with self._way:
            pass

    def release(
        self,
        *,
        order: str | list[str] = "",
        copies: int = 1,
        seed: int = 0,
        only: list[str] | None = None,
    ) -> tuple[int, int]:
        """Send what waits, each `copies` times: how many were sent, and arrived.

        `order` is oldest first, `reversed`, `shuffled`, or ids of events of which
        these are the first. With `only`, ids and types, the rest stays held.
        Raises ValueError for an order that doesn't exist.
        """
        with self._way:
            found = deliveries.waiting(self._store, only)
            arrived = sum(map(self._send, arranged(found, order, copies, seed)))
            # Only now, or the thread would send the same ones beside this.
            self.held = self.held and only is not None
        self.wake()
        return len(found) * copies, arrived

    def resend(self, only: list[str]) -> tuple[int, int]:
        """Send events again that arrived long ago, or never."""
        with self._way:
            found = deliveries.ever(self._store, only)
            return len(found), sum(map(self._send, found))

    def drop(self, only: list[str] | None = None) -> int:
        """Lose what waits, as if the endpoint had been dead for three days."""
        with self._way:
            found = deliveries.waiting(self._store, only)
            return deliveries.drop(self._store, found)

    def _deliver_next(self) -> bool:
        with self._way:
            found = None if self.held else deliveries.next_due(self._store)
            if found is not None:
                self._send(found)
        return found is not None

    def _send(self, delivery: Delivery) -> bool:
        """Try once: whether it arrived."""
        with self._store.lock:
            event = self._store.get(delivery.event, "event")
            endpoint = self._store.get(delivery.endpoint, "webhook_endpoint")
            if event is not None:
                event = deliveries.told(self._store, event)
        if event is None or endpoint is None or endpoint["status"] != "enabled":
            # As at Stripe: an endpoint that is off when its turn comes misses it.
            deliveries.drop(self._store, [delivery])
            return False
        if endpoint["api_version"]:
            event["api_version"] = endpoint["api_version"]
        arrived = self._post(endpoint, event)
        deliveries.note(self._store, delivery.seq, arrived=arrived)
        return arrived

    def _post(self, endpoint: Obj, event: Obj) -> bool:
        body = json.dumps(event)
        # The receiver compares this with the real time, whatever the clock says here.
        signature = stripe.WebhookSignature.generate_signature_header(
            body, endpoint["_secret"]
        )
        headers = {
            "Stripe-Signature": signature,
            "Content-Type": "application/json; charset=utf-8",
        }
        try:
            answer = requests.post(
                endpoint["url"],
                data=body.encode(),
                headers=headers,
                timeout=PATIENCE,
                allow_redirects=False,
            )
        except requests.RequestException:
            return False
        return answer.status_code < 300


def arranged(
    found: Sequence[Delivery], order: str | list[str], copies: int, seed: int
) -> list[Delivery]:
    """Deliveries in the order in which they are to arrive."""
    if isinstance(order, list):
        places = {event_id: place for place, event_id in enumerate(order)}
        found = sorted(found, key=lambda each: places.get(each.event, len(places)))
    elif order == "reversed":
        found = found[::-1]
    elif order not in {"", "shuffled"}:
        raise ValueError("Known orders: reversed, shuffled, or a list of event ids.")
    every = [each for each in found for _ in range(copies)]
    if order == "shuffled":
        # The same seed, the same order; copies come apart.
        random.Random(seed).shuffle(every)  # noqa: S311  no secret
    return every
