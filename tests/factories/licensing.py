"""Licenses in people's hands."""

from __future__ import annotations

from collections.abc import Iterable

from licensing.services.assigning import assign_from
from selfservice.accounts.models import User, ids
from selfservice.subscriptions.models import Subscription


def give_licenses(subscription: Subscription, people: Iterable[User]) -> None:
    """Licenses of one subscription, given by its purchaser; any number of them."""
    assign_from(subscription=subscription, people=ids(people))
    subscription.refresh_from_db()
