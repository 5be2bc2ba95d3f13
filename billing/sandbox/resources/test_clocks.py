"""Test clocks: customers whose time stands still until it is moved."""

from __future__ import annotations

import stripe

from billing.sandbox import clock, timeline
from billing.sandbox.call import Call
from billing.sandbox.endings import cancel_now
from billing.sandbox.given import Given
from billing.sandbox.resources import handles
from billing.sandbox.store import Store
from billing.sandbox.wire import ApiError, Obj

KIND = clock.TEST_CLOCK
KEPT_FOR = 30 * clock.DAY
ENDED = {"canceled", "incomplete_expired"}


@handles("POST /v1/test_helpers/test_clocks")
def create(call: Call) -> Obj:
    found = call.new(
        stripe.test_helpers.TestClock,
        "clock",
        frozen_time=call.params["frozen_time"],
        name=call.params.get("name"),
        status="ready",
        deletes_after=clock.now() + KEPT_FOR,
    )
    return call.save(found, "test_helpers.test_clock.created")


@handles("GET /v1/test_helpers/test_clocks/{test_clock}")
def retrieve(call: Call) -> Obj:
    return call.get(call.ids[0], KIND)


@handles("GET /v1/test_helpers/test_clocks")
def every(call: Call) -> Obj:
    return call.listed(call.store.every(KIND))


@handles("POST /v1/test_helpers/test_clocks/{test_clock}/advance")
def advance(call: Call) -> Obj:
    """Only begin: it is done when the status is `ready` again."""
    found = call.get(call.ids[0], KIND)
    target = call.params["frozen_time"]
    if target <= found["frozen_time"]:
        raise ApiError(
            "Frozen time must be after the test clock's current frozen time.",
            param="frozen_time",
        )
    if target > _furthest(call, found):
        raise ApiError(
            "You can only advance a test clock up to two intervals from its current"
            " frozen time, by the shortest of its subscriptions.",
            param="frozen_time",
        )
    found["status"] = "advancing"
    found["status_details"]["advancing"] = {"target_frozen_time": target}
    return call.save(found, "test_helpers.test_clock.advancing")


def _furthest(call: Call, found: Obj) -> int:
    """Two periods of the shortest subscription from now; two years without any."""
    now = found["frozen_time"]
    ends = [
        clock.add_periods(item["price"]["recurring"], now, 2)
        for subscription in _subscriptions(call, found)
        for item in subscription["items"]["data"]
    ]
    return min(ends, default=clock.add_months(now, 24))


def _customers(call: Call, found: Obj) -> list[Obj]:
    every = call.store.every("customer")
    return [customer for customer in every if customer["test_clock"] == found["id"]]


def _subscriptions(call: Call, found: Obj) -> list[Obj]:
    return [
        subscription
        for customer in _customers(call, found)
        for subscription in call.store.every("subscription", customer["id"])
        if subscription["status"] not in ENDED
    ]


@handles("DELETE /v1/test_helpers/test_clocks/{test_clock}")
def delete(call: Call) -> Obj:
    """Its customers are deleted with it, and their subscriptions cancelled."""
    found = call.get(call.ids[0], KIND)
    for subscription in _subscriptions(call, found):
        cancel_now(call, subscription)
    for customer in _customers(call, found):
        call.store.delete(customer["id"])
        call.emit("customer.deleted", customer)
    call.store.delete(found["id"])
    call.emit("test_helpers.test_clock.deleted", found)
    return {"id": found["id"], "object": KIND, "deleted": True}


def finish_advancing(store: Store, base: str) -> None:
    """Bring every clock that is on its way to where it was sent."""
    with store.lock:
        clocks = [c for c in store.every(KIND) if c["status"] == "advancing"]
    for found in clocks:
        target = found["status_details"]["advancing"]["target_frozen_time"]
        timeline.advance(store, base, target, found["id"])
        with store.transaction():
            call = Call(store, Given({}), (), base, at=target)
            arrived = store.get(found["id"], KIND)
            if arrived is None:
                continue
            arrived |= {"status": "ready", "status_details": {"advancing": None}}
            call.save(arrived, "test_helpers.test_clock.ready")
