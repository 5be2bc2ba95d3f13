"""`python -m billing.sandbox`: the stand-in for Stripe, as a process of its own."""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from billing.sandbox.call import Call
from billing.sandbox.given import Given
from billing.sandbox.resources.events import new_endpoint
from billing.sandbox.server import Sandbox
from billing.sandbox.store import Store
from billing.sandbox.wire import LOOPBACK


def main() -> None:
    parser = argparse.ArgumentParser(prog="billing.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=12111, help="0 picks a free one")
    parser.add_argument("--store", type=Path, required=True, help="the SQLite file")
    parser.add_argument("--webhook-url", default="")
    parser.add_argument("--webhook-secret", default="whsec_demo")
    parser.add_argument("--port-file", type=Path)
    options = parser.parse_args()
    if options.webhook_url:
        refuse_elsewhere(parser, options.webhook_url)
    parent = os.getppid()
    store = Store(options.store)
    try:
        sandbox = Sandbox(options.port, store)
    except OSError as error:
        parser.exit(1, f"Port {options.port} can't be used: {error.strerror}.\n")
    if options.webhook_url:
        point_webhooks(sandbox, options.webhook_url, options.webhook_secret)
    sandbox.start()
    # Not in this thread: shutdown() waits for serve_forever() to return.
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(
            wanted, lambda *_: threading.Thread(target=sandbox.shutdown).start()
        )
    threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if options.port_file:
        waiting = options.port_file.with_suffix(".new")
        waiting.write_text(str(sandbox.server_address[1]))
        waiting.rename(options.port_file)
    print(f"listening on {sandbox.base}", flush=True)
    sandbox.serve_forever(poll_interval=0.1)
    sandbox.server_close()


def refuse_elsewhere(parser: argparse.ArgumentParser, url: str) -> None:
    """Test data stays here too: webhooks go to this machine only."""
    if urlsplit(url).hostname not in LOOPBACK:
        parser.error(f"The sandbox posts webhooks to this machine only, not to {url}.")


def point_webhooks(sandbox: Sandbox, url: str, secret: str) -> None:
    """The one endpoint that the command line names; it takes what waited for it."""
    source = {"from": "command line"}
    with sandbox.store.transaction():
        call = Call(sandbox.store, Given({}), (), sandbox.base)
        endpoint = new_endpoint(call, url, secret)
        for known in sandbox.store.every("webhook_endpoint"):
            if known["metadata"] == source:
                # The same endpoint at another address.
                endpoint |= {"id": known["id"], "created": known["created"]}
        sandbox.store.put(endpoint | {"metadata": source})


def _watch_parent(parent: int) -> None:
    """End with whoever started it, also after a kill -9."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    main()
