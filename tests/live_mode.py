"""Running the tests that talk to Stripe against Stripe's own test mode.

    STRIPE_TEST_KEY=sk_test_… pytest -m stripe

Without the key they talk to the sandbox. STRIPE_TEST_BASE sends them to another
address than Stripe's, to try the switch itself. `docs/reliability.md` says what the
account needs.
"""

from __future__ import annotations

import dataclasses
import os

import pytest

TEST_KEYS = ("sk_test_", "rk_test_")
NOT_RUN = (
    "Stripe's test mode: not run, STRIPE_TEST_KEY is not set; the same tests ran"
    " against the sandbox"
)
NEEDS_SANDBOX = (
    "not against Stripe: needs the sandbox's faults, held webhooks, clock or pages"
)
# Whoever asks for one of these steers the sandbox.
STEERING = frozenset({"sandbox", "sandbox_process"})


@dataclasses.dataclass(frozen=True, slots=True)
class Live:
    """An account at Stripe. `base` is empty for Stripe's own address."""

    key: str
    base: str

    def __str__(self) -> str:
        return f"Stripe's test mode: run at {self.base or 'Stripe itself'}"


def chosen() -> Live | None:
    """The account to test against; null for the sandbox.

    Raises UsageError for a key that could move real money.
    """
    key = os.environ.get("STRIPE_TEST_KEY", "")
    if not key:
        return None
    if not key.startswith(TEST_KEYS):
        raise pytest.UsageError(
            "STRIPE_TEST_KEY must be a key of Stripe's test mode: it starts with"
            " sk_test_ or rk_test_. No test ran."
        )
    return Live(key, os.environ.get("STRIPE_TEST_BASE", ""))


def sort_out(items: list[pytest.Item], live: Live | None) -> None:
    """Mark what talks to Stripe; against Stripe itself skip what needs the sandbox."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "stripe_account" in fixtures:
            item.add_marker(pytest.mark.stripe)
        steers = STEERING & fixtures or item.get_closest_marker("sandbox_only")
        if live is not None and steers:
            item.add_marker(pytest.mark.skip(reason=NEEDS_SANDBOX))
