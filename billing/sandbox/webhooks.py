"""Sending events: signed as Stripe signs them, tried again until they arrive."""

from __future__ import annotations

import json
import threading
import time

import requests
import stripe

from billing.sandbox.store import Store

# Seconds until the next try; the last one is repeated.
BACKOFF = (1, 2, 5, 10, 30, 60, 300)
GIVE_UP_AFTER = 60


class Courier(threading.Thread):
    """One thread that delivers what is due. `hold` keeps everything back."""

    def __init__(self, store: Store) -> None:
        super().__init__(name="webhooks", daemon=True)
        self._store = store
        self._news = threading.Event()
        self.held = False

    def wake(self) -> None:
        self._news.set()

    def run(self) -> None:
        while True:
            while not self.held and self._deliver_next():
                pass
            self._news.wait(0.5)
            self._news.clear()

    def release(self, *, order: str = "", copies: int = 1) -> int:
        """Send what was held: oldest first or `reversed`, each `copies` times."""
        with self._store.lock:
            rows = self._store.db.execute(
                "SELECT seq, event, url, secret FROM deliveries"
                " WHERE state = 'waiting' ORDER BY seq"
            ).fetchall()
        if order == "reversed":
            rows.reverse()
        for seq, event, url, secret in rows:
            for _ in range(copies):
                self._send(seq, event, url, secret)
        # Only now, or the thread would send the same ones beside this.
        self.held = False
        self.wake()
        return len(rows) * copies

    def waiting(self) -> int:
        """How many deliveries are still to be made."""
        with self._store.lock:
            row = self._store.db.execute(
                "SELECT count(*) FROM deliveries WHERE state = 'waiting'"
            ).fetchone()
        return int(row[0])

    def _deliver_next(self) -> bool:
        with self._store.lock:
            row = self._store.db.execute(
                "SELECT seq, event, url, secret FROM deliveries"
                " WHERE state = 'waiting' AND due <= ? ORDER BY seq LIMIT 1",
                (time.time(),),
            ).fetchone()
        if row is None:
            return False
        self._send(*row)
        return True

    def _send(self, seq: int, event_id: str, url: str, secret: str) -> None:
        with self._store.lock:
            event = self._store.get(event_id, "event")
        if event is None:
            return
        body = json.dumps(event)
        signature = stripe.WebhookSignature.generate_signature_header(body, secret)
        try:
            answer = requests.post(
                url,
                data=body.encode(),
                headers={
                    "Stripe-Signature": signature,
                    "Content-Type": "application/json; charset=utf-8",
                },
                timeout=10,
                allow_redirects=False,
            )
            arrived = answer.status_code < 300
        except requests.RequestException:
            arrived = False
        self._note(seq, arrived)

    def _note(self, seq: int, arrived: bool) -> None:
        with self._store.lock:
            db = self._store.db
            row = db.execute(
                "UPDATE deliveries SET attempts = attempts + 1 WHERE seq = ?"
                " RETURNING attempts",
                (seq,),
            ).fetchone()
            if row is None:
                return
            state = "done" if arrived else "waiting"
            if not arrived and row[0] >= GIVE_UP_AFTER:
                state = "failed"
            wait = BACKOFF[min(row[0], len(BACKOFF)) - 1]
            db.execute(
                "UPDATE deliveries SET state = ?, due = ? WHERE seq = ?",
                (state, time.time() + wait, seq),
            )
