"""How long Stripe is waited for: a page that only shows something gives up soon.

Elsewhere a call may take its time and its retries, because what was pressed is then
done; whoever only looks is told within seconds that Stripe doesn't answer.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

import requests
import stripe
from django.conf import settings

# Nobody listens, when there is no connection by then.
CONNECT_SECONDS = 2.0


@dataclasses.dataclass(slots=True)
class _Budget:
    """All that may be waited for; it runs from the first call on."""

    seconds: float
    ends: float | None = None

    def left(self) -> float:
        now = time.monotonic()
        if self.ends is None:
            self.ends = now + self.seconds
        return self.ends - now


_budget: ContextVar[_Budget | None] = ContextVar("stripe_budget", default=None)


@contextmanager
def in_a_hurry() -> Iterator[None]:
    """All calls in it together wait for `STRIPE_READER_SECONDS`, retries included."""
    token = _budget.set(_Budget(settings.STRIPE_READER_SECONDS))
    try:
        yield
    finally:
        _budget.reset(token)


def shortened(timeout: tuple[float, float]) -> tuple[float, float] | None:
    """The timeouts, as far as somebody still waits; null when nobody does any more."""
    budget = _budget.get()
    if budget is None:
        return timeout
    left = budget.left()
    if left <= 0:
        return None
    return min(timeout[0], left, CONNECT_SECONDS), min(timeout[1], left)


class PatientClient(stripe.RequestsClient):
    """Stripe's own client, which stops trying when nobody waits any more."""

    def __init__(self, timeout: tuple[float, float]) -> None:
        super().__init__(timeout=timeout)
        self.usual = timeout
        self.own = threading.local()

    def request(  # type: ignore[override]  # as that one overrides its own
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: object = None,
    ) -> tuple[bytes, int, Mapping[str, str]]:
        timeout = shortened(self.usual)
        if timeout == self.usual:
            return super().request(method, url, headers, post_data)
        if timeout is None:
            raise stripe.APIConnectionError("Nobody waits any more.")
        if not hasattr(self.own, "session"):
            self.own.session = requests.Session()
        client = stripe.RequestsClient(timeout=timeout, session=self.own.session)
        return client.request(method, url, headers, post_data)
