"""A page with nothing but a card form, around the portal's own script and policy."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from django.utils.csp import build_policy

from selfservice.settings.base import content_security_policy
from tests.sandbox.shop import Shop
from tests.sandbox_process import ROOT

PAGE = """<!doctype html>
<html lang="en"{theme}>
<head><meta charset="utf-8"><title>Card</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/css/base.css">
<link rel="stylesheet" href="/static/css/components.css">
<script src="{base}/endive/stripe.js" defer></script>
<script src="/static/js/card.js" defer></script></head>
<body>
<main>
<h1>Card</h1>
<form id="checkout" class="fields" method="post">
<input type="hidden" name="csrfmiddlewaretoken" value="token">
<label><input type="radio" name="payment" value="new" checked> New card</label>
<div data-card-form data-start="/start" data-key="pk_test_page" data-locale="{locale}"
     data-words='{{"setup_intent_authentication_failure": "unable to authenticate"}}'>
<div class="card-frame" data-card role="group" aria-label="Card details"></div>
<div class="message bad" role="alert" data-card-error hidden><p></p></div>
<input type="hidden" name="setup_intent"></div>
</form>
<button class="btn primary" form="checkout" name="action" value="place">
Place order</button>
</main>
</body></html>"""


class CardPage(ThreadingHTTPServer):
    """`/` is the page, in English or `/nl`, or `/dark` whatever the system likes."""

    daemon_threads = True

    def __init__(self, shop: Shop) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.shop = shop
        self.customer_id = shop.customer().id
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        # The setup intents with which the form came back.
        self.placed: list[str] = []
        origin = [shop.base]
        self.policy = build_policy(
            content_security_policy(script=origin, frame=origin, connect=origin)
        )
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: CardPage

    def do_GET(self) -> None:
        if self.path.startswith("/static/"):
            kind = "text/css" if self.path.endswith(".css") else "text/javascript"
            self._send((ROOT / self.path[1:]).read_bytes(), kind)
            return
        page = PAGE.format(
            base=self.server.shop.base,
            locale="nl" if self.path == "/nl" else "en",
            theme=' data-theme="dark"' if self.path == "/dark" else "",
        )
        self._send(page.encode(), "text/html")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"] or 0)).decode()
        if self.path == "/start":
            intent = self.server.shop.v1.setup_intents.create(
                {"customer": self.server.customer_id, "usage": "off_session"}
            )
            answer = json.dumps({"client_secret": intent.client_secret})
            self._send(answer.encode(), "application/json")
            return
        self.server.placed += parse_qs(body).get("setup_intent", [])
        self._send(b"<!doctype html><title>Done</title><h1>Done</h1>", "text/html")

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Security-Policy", self.server.policy)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""
