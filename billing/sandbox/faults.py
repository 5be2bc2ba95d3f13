"""Faults on command: what a network, a busy server and a power cut do to a request.

Ordered through the admin API, a number of times, for a verb and a path.
"""

from __future__ import annotations

import dataclasses
import re
import threading
from collections import deque

from billing.sandbox.wire import ApiError

# What each does, as the README tells it; `_after` is after the commit.
KINDS = frozenset(
    {
        "drop_before",  # the connection is reset, nothing was done
        "drop_after",  # it was done, the answer is lost
        "500_before",
        "500_after",
        "500_kept",  # it was done, and its key answers with the 500 from now on
        "409",
        "429",
        "slow_before",
        "slow_during",  # others with the same key are told that it is at work
        "slow_after",
        "kill_before",  # the sandbox itself is killed, as by kill -9
        "kill_after",
    }
)
ANSWERS = {"500_before": 500, "429": 429, "409": 409}


@dataclasses.dataclass(slots=True)
class Fault:
    """`kind` for `times` requests of `verb` at `path`, after `skip` that pass.

    `path` is a prefix; with a `*`, which is one step of a path, or a `$` at its end
    it is the whole path. `should_retry` is Stripe's advice in the header of a status.
    """

    kind: str
    verb: str = ""
    path: str = ""
    times: int = 1
    skip: int = 0
    seconds: float = 0.0
    should_retry: bool | None = None

    def fits(self, verb: str, path: str) -> bool:
        if self.verb not in {"", verb}:
            return False
        if "*" not in self.path and not self.path.endswith("$"):
            return path.startswith(self.path)
        steps = re.escape(self.path.removesuffix("$")).replace(r"\*", "[^/]+")
        return re.fullmatch(steps, path) is not None

    @property
    def headers(self) -> dict[str, str]:
        if self.should_retry is None:
            return {}
        return {"Stripe-Should-Retry": str(self.should_retry).lower()}


class Faults:
    """The faults that wait, and the last requests that were seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self.calls: deque[dict[str, object]] = deque(maxlen=5000)

    def order(self, fault: Fault) -> None:
        """Raises ValueError for a kind that doesn't exist."""
        if fault.kind not in KINDS:
            raise ValueError(f"Known faults: {', '.join(sorted(KINDS))}")
        with self._lock:
            self._waiting.append(fault)

    def waiting(self) -> list[dict[str, object]]:
        """What was ordered and hasn't happened yet."""
        with self._lock:
            return [dataclasses.asdict(fault) for fault in self._waiting]

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()
            self.calls.clear()

    def take(self, verb: str, path: str) -> Fault:
        """The fault for this request, counted down; one without a kind for none.

        Each that fits and still lets requests pass counts this one.
        """
        with self._lock:
            for fault in [each for each in self._waiting if each.fits(verb, path)]:
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return dataclasses.replace(fault)
        return Fault("")


def refusal(status: int) -> ApiError:
    """How Stripe tells that it is busy, or broken."""
    if status == 429:
        return ApiError(
            "Request rate limit exceeded. Learn more about rate limits here"
            " https://docs.stripe.com/rate-limits.",
            "rate_limit",
            status=429,
        )
    if status == 409:
        return ApiError(
            "There is currently another in-progress request using this Idempotent"
            " Key (that probably means you submitted twice, and the other request is"
            " still going through). Please try again later.",
            "idempotency_key_in_use",
            status=409,
            kind="idempotency_error",
        )
    return ApiError(
        "An error occurred on the server. This one was ordered from the sandbox.",
        status=status,
        kind="api_error",
    )
