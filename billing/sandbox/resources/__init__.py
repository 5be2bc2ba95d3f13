"""What each operation does: `HANDLERS` maps "POST /v1/customers" to its function."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from billing.sandbox.call import Call
from billing.sandbox.wire import Obj

type Handler = Callable[[Call], Obj]

MODULES = (
    "balance",
    "catalogue",
    "credit_notes",
    "customers",
    "events",
    "invoices",
    "payment_methods",
    "previews",
    "refunds",
    "schedules",
    "setup_intents",
    "subscription_changes",
    "subscriptions",
    "test_clocks",
)
# What happens by itself, without being asked.
TIMED = ("endings", "renewals", "trials")
HANDLERS: dict[str, Handler] = {}


def handles(name: str) -> Callable[[Handler], Handler]:
    """Register the function for an operation, by verb and path of the contract."""

    def register(function: Handler) -> Handler:
        HANDLERS[name] = function
        return function

    return register


def load() -> None:
    """Import every module that registers handlers, or what time brings."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}")
    for name in TIMED:
        importlib.import_module(f"billing.sandbox.{name}")
