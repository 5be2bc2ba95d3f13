"""The admin API: faults, held webhooks, what was called. Only for this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from billing.sandbox import clock, timeline
from billing.sandbox.contract import violations
from billing.sandbox.faults import Fault
from billing.sandbox.wire import Obj

if TYPE_CHECKING:
    from billing.sandbox.server import Sandbox


def answer(sandbox: Sandbox, verb: str, path: str, text: str) -> tuple[int, Obj]:
    """Do what is asked under /_sandbox/; JSON in, JSON out."""
    try:
        given: Obj = json.loads(text) if text else {}
    except ValueError as error:
        return 400, {"error": f"Not JSON: {error}"}
    name = path.removeprefix("/_sandbox/")
    if verb == "GET" and name == "calls":
        return 200, {"calls": list(sandbox.faults.calls)}
    if verb == "GET" and name == "violations":
        return 200, {"violations": list(violations)}
    if verb == "GET" and name == "webhooks":
        return 200, {"waiting": sandbox.courier.waiting(), "held": sandbox.courier.held}
    if verb == "GET" and name == "clock":
        return 200, {"now": clock.now(), "ahead": int(clock.offset)}
    if verb == "POST":
        return _order(sandbox, name, given)
    return 404, {"error": f"No {verb} {path}"}


def _order(sandbox: Sandbox, name: str, given: Obj) -> tuple[int, Obj]:
    if name == "faults":
        try:
            sandbox.faults.order(Fault(**given))
        except (TypeError, ValueError) as error:
            return 400, {"error": str(error)}
    elif name == "faults/clear":
        sandbox.faults.clear()
    elif name == "webhooks/hold":
        sandbox.courier.held = True
    elif name == "webhooks/release":
        return 200, {"sent": sandbox.courier.release(**given)}
    elif name == "clock/advance":
        return _advance(sandbox, given)
    elif name == "reset":
        _reset(sandbox)
    else:
        return 404, {"error": f"No POST /_sandbox/{name}"}
    return 200, {"ok": True}


def _advance(sandbox: Sandbox, given: Obj) -> tuple[int, Obj]:
    """Move the sandbox's own clock forward; answer when all has happened."""
    until = given.get("to")
    if until is None:
        until = clock.now() + int(given.get("seconds", 0))
    if int(until) < clock.now():
        return 400, {"error": "Time goes forward only; a reset puts it back."}
    timeline.advance(sandbox.store, sandbox.base, int(until))
    sandbox.courier.wake()
    return 200, {"now": clock.now()}


def _reset(sandbox: Sandbox) -> None:
    """Forget everything but the webhook endpoints; it is real time again."""
    endpoints = sandbox.store.every("webhook_endpoint")
    sandbox.store.reset()
    clock.restore(sandbox.store)
    for endpoint in endpoints:
        sandbox.store.put(endpoint)
    sandbox.faults.clear()
    sandbox.courier.held = False
