"""One request at work: its parameters, the store, and the events it causes."""

from __future__ import annotations

import dataclasses
from typing import Any

import stripe

from billing.sandbox import clock, deliveries
from billing.sandbox.contract import blank, inspect, resources
from billing.sandbox.given import Given
from billing.sandbox.store import Store, new_id
from billing.sandbox.wire import ApiError, Obj, missing, public

API_VERSION = "2026-10-28.endive"
LONGEST_PAGE = 100


@dataclasses.dataclass(slots=True)
class Call:
    """What a handler gets. `ids` are the variables of the path."""

    store: Store
    params: Given
    ids: tuple[str, ...]
    base: str
    path: str = ""
    key: str | None = None
    request_id: str = ""
    # The instant at which all of this happens, when it isn't the sandbox's own now.
    at: int | None = None
    # The id of the test clock that its customer follows.
    test_clock: str | None = None
    # What the path calls its variables.
    names: tuple[str, ...] = ()

    @property
    def now(self) -> int:
        """Seconds since 1970: by the customer's test clock, else by the sandbox's."""
        return clock.now() if self.at is None else self.at

    def follow(self, *ids: Any) -> None:
        """Live in the time of the customer that these ids lead to, whatever they name.

        Raises ApiError when it is a test clock's, and that is on its way.
        """
        found = clock.test_clock_of(self.store, list(ids))
        if found is None:
            return
        if found["status"] == "advancing":
            raise ApiError(
                "Test clock advancement underway - cannot perform modifications.",
                "test_clock_advancing",
                status=429,
            )
        self.at = found["frozen_time"]
        self.test_clock = found["id"]

    def get(self, found_id: str, kind: str) -> Obj:
        """An object of a kind. Raises ApiError: 404 in the path, else 400."""
        found = self.store.get(found_id, kind)
        if found is None:
            raise self.missing(kind, found_id)
        return found

    def missing(self, kind: str, found_id: str) -> ApiError:
        """The refusal for an id of nothing, with the parameter that it came in."""
        for name, value in zip(self.names, self.ids, strict=False):
            if value == found_id:
                own = name in {"customer", "subscription_exposed_id"}
                return missing(kind, found_id, "id" if own else name)
        param = self.params.place_of(found_id)
        return missing(kind, found_id, param or "id", status=400)

    def new(self, cls: type[Any], prefix: str, **fields: Any) -> Obj:
        """A complete new object of a resource class; not stored yet."""
        found = blank(cls)
        found["object"] = cls.OBJECT_NAME
        for name, value in (
            ("id", new_id(prefix)),
            ("created", self.now),
            ("metadata", {}),
            ("livemode", False),
            ("test_clock", self.test_clock),
        ):
            if name in found:
                found[name] = value
        return found | fields

    def save(self, found: Obj, event: str = "", before: Obj | None = None) -> Obj:
        """Store it, and tell of it."""
        self.store.put(found)
        if event:
            self.emit(event, found, before)
        return found

    def emit(self, kind: str, found: Obj, before: Obj | None = None) -> None:
        """Record an event with a snapshot of the object, and queue its deliveries."""
        data: Obj = {"object": public(found)}
        inspect(f"event {kind}", data["object"], resources()[found["object"]])
        if before is not None:
            data["previous_attributes"] = {
                key: value
                for key, value in public(before).items()
                if data["object"].get(key) != value
            }
        event = self.new(
            stripe.Event,
            "evt",
            type=kind,
            data=data,
            api_version=API_VERSION,
            request={"id": self.request_id or None, "idempotency_key": self.key},
        )
        self.store.put(event)
        deliveries.queue(self.store, event)

    def listed(self, found: list[Obj]) -> Obj:
        """A page of a list, newest first, by `limit` and the two cursors."""
        limit = self.params.get("limit", 10)
        if not 1 <= limit <= LONGEST_PAGE:
            raise ApiError(
                f"Invalid integer: limit must be from 1 to {LONGEST_PAGE}.",
                "parameter_invalid_integer",
                "limit",
            )
        ids = [item["id"] for item in found]
        after, before = (
            self.params.get(n) for n in ("starting_after", "ending_before")
        )
        if after:
            found = found[_place(ids, after) + 1 :]
        elif before:
            found = found[: _place(ids, before)]
        # The page before a cursor is the one that ends at it.
        page = found[-limit:] if before else found[:limit]
        return {
            "object": "list",
            "data": page,
            "has_more": len(found) > limit,
            "url": self.path,
        }


def _place(ids: list[str], cursor: str) -> int:
    if cursor not in ids:
        raise missing("object", cursor)
    return ids.index(cursor)


def merge_metadata(found: Obj, params: Obj) -> None:
    """New keys are added, empty ones taken away, as Stripe does."""
    given = params.get("metadata")
    if given == "":
        found["metadata"] = {}
    elif given:
        merged = {**found["metadata"], **given}
        found["metadata"] = {k: v for k, v in merged.items() if v != ""}


def created_within(found: list[Obj], wanted: Any) -> list[Obj]:
    """The filter `created`: an instant, or gt, gte, lt, lte."""
    if wanted is None:
        return found
    if not isinstance(wanted, dict):
        return [item for item in found if item["created"] == int(wanted)]
    tests = {
        "gt": lambda a, b: a > b,
        "gte": lambda a, b: a >= b,
        "lt": lambda a, b: a < b,
        "lte": lambda a, b: a <= b,
    }
    return [
        item
        for item in found
        if all(tests[name](item["created"], int(v)) for name, v in wanted.items())
    ]
