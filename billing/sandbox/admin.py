"""The admin API: faults, held webhooks, what was called. Only for this machine.

`ORDERS` maps "POST clock/advance" to its function, which gets the sandbox and the JSON
that was sent, answers with JSON, and raises ValueError for what makes no sense.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from billing.sandbox import clock, deliveries, timeline
from billing.sandbox.contract import violations
from billing.sandbox.faults import Fault
from billing.sandbox.wire import Obj

if TYPE_CHECKING:
    from billing.sandbox.server import Sandbox

type Order = Callable[[Sandbox, Obj], Obj]
ORDERS: dict[str, Order] = {}
DONE: Obj = {"ok": True}


def answer(sandbox: Sandbox, verb: str, path: str, text: str) -> tuple[int, Obj]:
    """Do what is asked under /_sandbox/; JSON in, JSON out."""
    order = ORDERS.get(f"{verb} {path.removeprefix('/_sandbox/')}")
    if order is None:
        return 404, {"error": f"No {verb} {path}"}
    try:
        given = json.loads(text) if text else {}
        if not isinstance(given, dict):
            raise ValueError("Not a JSON object.")
        return 200, order(sandbox, given)
    except (TypeError, ValueError) as error:
        return 400, {"error": str(error)}


def orders(name: str) -> Callable[[Order], Order]:
    """Register the function for a request."""

    def register(function: Order) -> Order:
        ORDERS[name] = function
        return function

    return register


@orders("POST faults")
def order_fault(sandbox: Sandbox, given: Obj) -> Obj:
    sandbox.faults.order(Fault(**given))
    return DONE


@orders("GET faults")
def waiting_faults(sandbox: Sandbox, given: Obj) -> Obj:
    return {"faults": sandbox.faults.waiting()}


@orders("POST faults/clear")
def clear_faults(sandbox: Sandbox, given: Obj) -> Obj:
    sandbox.faults.clear()
    return DONE


@orders("GET calls")
def calls(sandbox: Sandbox, given: Obj) -> Obj:
    return {"calls": list(sandbox.faults.calls)}


@orders("GET violations")
def shape_violations(sandbox: Sandbox, given: Obj) -> Obj:
    return {"violations": list(violations)}


@orders("GET webhooks")
def webhooks(sandbox: Sandbox, given: Obj) -> Obj:
    found = deliveries.waiting(sandbox.store)
    rows = [
        {"event": d.event, "type": d.type, "attempts": d.attempts, "due": d.due}
        for d in found
    ]
    held = sandbox.courier.held
    return {"waiting": len(found), "held": held, "deliveries": rows}


@orders("POST webhooks/hold")
def hold(sandbox: Sandbox, given: Obj) -> Obj:
    sandbox.courier.hold()
    return DONE


@orders("POST webhooks/release")
def release(sandbox: Sandbox, given: Obj) -> Obj:
    sent, arrived = sandbox.courier.release(**given)
    return {"sent": sent, "arrived": arrived}


@orders("POST webhooks/resend")
def resend(sandbox: Sandbox, given: Obj) -> Obj:
    sent, arrived = sandbox.courier.resend(**given)
    return {"sent": sent, "arrived": arrived}


@orders("POST webhooks/drop")
def drop(sandbox: Sandbox, given: Obj) -> Obj:
    return {"dropped": sandbox.courier.drop(**given)}


@orders("GET clock")
def look_at_clock(sandbox: Sandbox, given: Obj) -> Obj:
    return {"now": clock.now(), "ahead": int(clock.offset)}


@orders("POST clock/advance")
def advance_clock(sandbox: Sandbox, given: Obj) -> Obj:
    """Move the sandbox's own clock forward; answer when all has happened."""
    until = given.get("to")
    if until is None:
        until = clock.now() + int(given.get("seconds", 0))
    if int(until) < clock.now():
        raise ValueError("Time goes forward only; a reset puts it back.")
    timeline.advance(sandbox.store, sandbox.base, int(until))
    sandbox.courier.wake()
    return {"now": clock.now()}


@orders("POST reset")
def reset(sandbox: Sandbox, given: Obj) -> Obj:
    """Forget everything but the webhook endpoints; it is real time again."""
    sandbox.courier.hold()
    endpoints = sandbox.store.every("webhook_endpoint")
    sandbox.store.reset()
    clock.restore(sandbox.store)
    with sandbox.store.transaction():
        for endpoint in endpoints:
            sandbox.store.put(endpoint)
    sandbox.faults.clear()
    sandbox.courier.held = False
    return DONE
