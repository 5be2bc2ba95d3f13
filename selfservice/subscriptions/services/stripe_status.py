"""What the status of a subscription at Stripe means here."""

from __future__ import annotations

UNPAID = frozenset({"past_due", "unpaid"})
USABLE = frozenset({"active", "trialing"}) | UNPAID
ENDED = frozenset({"canceled", "incomplete_expired"})
