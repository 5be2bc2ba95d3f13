"""A small server that takes webhooks, as the portal would."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import stripe

PATIENCE = 15


class Receiver(ThreadingHTTPServer):
    """Keeps what was posted. `statuses` are its next answers; then always `usual`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []
        self.signatures: list[str] = []
        self.statuses: list[int] = []
        self.usual = 200
        # Seconds that it takes for an answer.
        self.slowness = 0.0
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hook"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def events(self, secret: str) -> list[stripe.Event]:
        """What was posted, each with its signature verified by Stripe's client."""
        return [
            stripe.Webhook.construct_event(body, signature, secret)
            for body, signature in zip(self.bodies, self.signatures, strict=True)
        ]

    def types(self, secret: str) -> list[str]:
        return [event.type for event in self.events(secret)]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        self.server.bodies.append(self.rfile.read(length))
        self.server.signatures.append(self.headers["stripe-signature"])
        time.sleep(self.server.slowness)
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if statuses else self.server.usual)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


def until(true: Callable[[], bool]) -> None:
    """Wait for something that happens in another process."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it didn't happen"
        time.sleep(0.02)
