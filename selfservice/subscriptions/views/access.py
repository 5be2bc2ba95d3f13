"""What somebody may look at: the subscriptions that they bought themselves."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest

from selfservice.accounts.requests import person
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.queries import subscription_for


def own_subscription(request: HttpRequest, subscription_id: uuid.UUID) -> Subscription:
    """The purchaser's own, once it is paid. Raises Http404 for any other."""
    subscription = subscription_for(person(request), subscription_id)
    if subscription is None or subscription.term_end is None:
        raise Http404
    return subscription
