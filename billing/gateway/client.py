"""The one Stripe client of this process."""

from __future__ import annotations

from functools import cache

import stripe
from django.conf import settings
from django.db import connections
from stripe._base_address import BaseAddresses

from billing.gateway.patience import PatientClient


class CallInsideTransaction(RuntimeError):
    """A network call was about to be made while a database transaction is open.

    It would hold locks for as long as Stripe takes, and roll back what Stripe did.
    """


def client() -> stripe.StripeClient:
    """The client for the configured account.

    Raises CallInsideTransaction when a transaction is open on this thread.
    """
    refuse_inside_transaction()
    return _client(
        settings.STRIPE_SECRET_KEY,
        settings.STRIPE_API_BASE,
        settings.STRIPE_TIMEOUT_SECONDS,
        settings.STRIPE_MAX_NETWORK_RETRIES,
    )


def refuse_inside_transaction() -> None:
    """Raise CallInsideTransaction when any database of this thread is in one."""
    for connection in connections.all(initialized_only=True):
        # Django's own test cases wrap everything in transactions that don't count,
        # and marks them for its `durable` check.
        blocks = connection.atomic_blocks
        if not all(getattr(block, "_from_testcase", False) for block in blocks):
            raise CallInsideTransaction(
                "Commit first: no network call inside a database transaction."
            )


@cache
def _client(
    key: str, base: str, timeout: tuple[float, float], retries: int
) -> stripe.StripeClient:
    # The client's own default is 80 s and, unlike the module's, no retry at all.
    http = PatientClient(timeout)
    addresses: BaseAddresses = {"api": base} if base else {}
    return stripe.StripeClient(
        key,
        stripe_version=settings.STRIPE_API_VERSION,
        base_addresses=addresses,
        http_client=http,
        max_network_retries=retries,
    )
