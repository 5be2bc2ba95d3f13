"""The sandbox over HTTP: API, pages, script and admin, on the loopback only."""

from __future__ import annotations

import json
import socket
import struct
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

from billing.sandbox import admin, clock, pages
from billing.sandbox.api import Api
from billing.sandbox.faults import Fault, Faults
from billing.sandbox.resources import load
from billing.sandbox.store import Store
from billing.sandbox.timekeeper import Timekeeper
from billing.sandbox.webhooks import Courier
from billing.sandbox.wire import LOOPBACK, Obj

LONGEST_BODY = 1_000_000


class Sandbox(ThreadingHTTPServer):
    """The server with all its parts."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, store: Store) -> None:
        load()
        super().__init__(("127.0.0.1", port), Handler)
        self.store = store
        clock.restore(store)
        self.api = Api(store)
        self.faults = Faults()
        self.courier = Courier(store)
        self.base = f"http://127.0.0.1:{self.server_address[1]}"
        self.api.base = self.base
        self.timekeeper = Timekeeper(store, self.base, self.courier.wake)

    def start(self) -> None:
        """Deliver webhooks and let time pass beside answering."""
        self.courier.start()
        self.timekeeper.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser or a test that hangs up is no news."""


class Handler(BaseHTTPRequestHandler):
    """One connection; it is kept alive, as Stripe's is."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    # Headers and body in one packet, at once.
    wbufsize = -1
    disable_nagle_algorithm = True

    @property
    def sandbox(self) -> Sandbox:
        return cast(Sandbox, self.server)

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the calls are kept for the admin API."""

    def _serve(self, verb: str) -> None:
        address = urlsplit(self.path)
        # A page elsewhere on the web must not reach this by a name of its own.
        host = (self.headers.get("host") or "").rpartition(":")[0]
        if host not in LOOPBACK:
            self._send_json(421, _error(421, "The sandbox serves this machine only."))
            return
        length = int(self.headers.get("content-length") or 0)
        if length > LONGEST_BODY:
            self._send_json(413, {"error": {"message": "Too large."}})
            return
        text = self.rfile.read(length).decode("utf-8", "replace")
        try:
            self._answer(verb, address, text)
        except Exception:
            # Ours, not the caller's: tell it as Stripe tells its own mistakes.
            traceback.print_exc()
            self._send_json(500, _error(500, "The sandbox made a mistake."))

    def _answer(self, verb: str, address: SplitResult, text: str) -> None:
        if address.path.startswith("/v1/"):
            self._serve_api(verb, address.path, text or address.query)
        elif address.path.startswith("/_sandbox/"):
            status, body = admin.answer(self.sandbox, verb, address.path, text)
            self._send_json(status, body)
        else:
            form = "&".join(filter(None, (address.query, text)))
            wanted = self.headers.get("accept-language") or ""
            page = pages.answer(self.sandbox, verb, address.path, form, wanted)
            self._send(page.status, page.content, page.body, page.headers)

    def _serve_api(self, verb: str, path: str, text: str) -> None:
        sandbox = self.sandbox
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen: Obj = {
            "verb": verb,
            "path": path,
            "key": headers.get("idempotency-key"),
            "params": text,
            "status": None,
        }
        sandbox.faults.calls.append(seen)
        fault = sandbox.faults.take(verb, path)
        if fault is not None and self._before(fault):
            return
        during = fault is not None and fault.kind == "slow_during"
        pause = fault.seconds if fault is not None and during else 0
        status, body = sandbox.api.answer(verb, path, text, headers, pause)
        seen["status"] = status
        sandbox.courier.wake()
        if path.endswith("/advance"):
            sandbox.timekeeper.wake()
        if fault is not None and self._after(fault):
            return
        self._send_json(status, body)

    def _before(self, fault: Fault) -> bool:
        """Whether the fault was the answer already."""
        if fault.kind == "slow_before":
            time.sleep(fault.seconds)
        if fault.kind == "drop_before":
            self._reset()
        statuses = {"500_before": 500, "429": 429, "409": 409}
        if fault.kind in statuses:
            self._send_json(statuses[fault.kind], _error(statuses[fault.kind]))
        return fault.kind in {"drop_before", *statuses}

    def _after(self, fault: Fault) -> bool:
        if fault.kind == "slow_after":
            time.sleep(fault.seconds)
        if fault.kind == "drop_after":
            self._reset()
        if fault.kind == "500_after":
            self._send_json(500, _error(500))
        return fault.kind in {"drop_after", "500_after"}

    def _reset(self) -> None:
        """Hang up without a word, so that the client sees a reset."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def _send_json(self, status: int, body: Obj) -> None:
        content = json.dumps(body).encode()
        headers = {"Request-Id": "req_sandbox"}
        self._send(status, "application/json", content, headers)

    def _send(
        self, status: int, content_type: str, body: bytes, headers: dict[str, str]
    ) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        except OSError:
            self.close_connection = True


def _error(status: int, message: str = "Ordered from the sandbox.") -> Obj:
    kinds = {429: "rate_limit_error", 409: "idempotency_error"}
    return {
        "error": {
            "type": kinds.get(status, "api_error"),
            "message": message,
        }
    }
