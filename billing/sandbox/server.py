"""The sandbox over HTTP: API, pages, script and admin, on the loopback only."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

from billing.sandbox import admin, clock, pages
from billing.sandbox.api import Answer, Api, Request
from billing.sandbox.call import API_VERSION
from billing.sandbox.faults import ANSWERS, Fault, Faults, refusal
from billing.sandbox.resources import load
from billing.sandbox.store import Store
from billing.sandbox.timekeeper import Timekeeper
from billing.sandbox.webhooks import Courier
from billing.sandbox.wire import LOOPBACK, ApiError, Obj

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
            self._send_json(421, _error("The sandbox serves this machine only."))
            return
        length = int(self.headers.get("content-length") or 0)
        if length > LONGEST_BODY:
            self._send_json(413, _error("Too large."))
            return
        text = self.rfile.read(length).decode("utf-8", "replace")
        try:
            self._answer(verb, address, text)
        except Exception:
            # Ours, not the caller's: tell it as Stripe tells its own mistakes.
            traceback.print_exc()
            self._send_json(500, _error("The sandbox made a mistake."))

    def _answer(self, verb: str, address: SplitResult, text: str) -> None:
        if address.path.startswith("/v1/"):
            headers = {name.lower(): value for name, value in self.headers.items()}
            text = text or address.query
            self._serve_api(Request(verb, address.path, text, headers))
        elif address.path.startswith("/_sandbox/") and self.headers.get("origin"):
            # A page that somebody has open beside the demo must not steer it.
            self._send_json(403, _error("No web page steers the sandbox."))
        elif address.path.startswith("/_sandbox/"):
            status, body = admin.answer(self.sandbox, verb, address.path, text)
            self._send_json(status, body)
        else:
            form = "&".join(filter(None, (address.query, text)))
            wanted = self.headers.get("accept-language") or ""
            page = pages.answer(self.sandbox, verb, address.path, form, wanted)
            self._send(page.status, page.content, page.body, page.headers)

    def _serve_api(self, request: Request) -> None:
        sandbox = self.sandbox
        seen: Obj = {
            "verb": request.verb,
            "path": request.path,
            "key": request.headers.get("idempotency-key"),
            "params": request.text,
            "request": request.id,
            "status": None,
        }
        sandbox.faults.calls.append(seen)
        fault = sandbox.faults.take(request.verb, request.path)
        if self._before(fault, request):
            return
        pause = fault.seconds if fault.kind == "slow_during" else 0
        answer = sandbox.api.answer(request, pause)
        if fault.kind == "500_kept":
            answer = sandbox.api.keep(request, refusal(500))
        seen["status"] = answer.status
        sandbox.courier.wake()
        if request.path.endswith("/advance"):
            sandbox.timekeeper.wake()
        if not self._after(fault, request):
            self._send_answer(request, answer)

    def _before(self, fault: Fault, request: Request) -> bool:
        """Whether the fault was the answer already."""
        if fault.kind == "kill_before":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault.kind == "slow_before":
            time.sleep(fault.seconds)
        if fault.kind == "drop_before":
            self._reset()
        if fault.kind in ANSWERS:
            self._send_fault(request, fault, ANSWERS[fault.kind])
        return fault.kind in {"drop_before", *ANSWERS}

    def _after(self, fault: Fault, request: Request) -> bool:
        if fault.kind == "kill_after":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault.kind == "slow_after":
            time.sleep(fault.seconds)
        if fault.kind == "drop_after":
            self._reset()
        if fault.kind in {"500_after", "500_kept"}:
            self._send_fault(request, fault, 500)
        return fault.kind in {"drop_after", "500_after", "500_kept"}

    def _send_fault(self, request: Request, fault: Fault, status: int) -> None:
        answer = Answer(status, refusal(status).body(), fault.headers)
        self._send_answer(request, answer)

    def _send_answer(self, request: Request, answer: Answer) -> None:
        headers = {"Request-Id": request.id, "Stripe-Version": API_VERSION}
        if request.key:
            headers["Idempotency-Key"] = request.key
        self._send_json(answer.status, answer.body, headers | answer.headers)

    def _reset(self) -> None:
        """Hang up without a word, so that the client sees a reset."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def _send_json(
        self, status: int, body: Obj, headers: dict[str, str] | None = None
    ) -> None:
        content = json.dumps(body).encode()
        self._send(status, "application/json", content, headers or {})

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


def _error(message: str) -> Obj:
    return ApiError(message, kind="api_error").body()
