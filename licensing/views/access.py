"""What somebody may look at, and buy more of: what they bought themselves."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.http import Http404, HttpRequest
from django.urls import reverse

from licensing.queries import Holding, holding_of
from selfservice.accounts.reauthentication import is_recent, signed_in_lately
from selfservice.accounts.requests import person
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.queries import raises_a_trial


def holding_for(request: HttpRequest, product_id: uuid.UUID) -> Holding:
    """The product, as this person bought it. Raises Http404 when they didn't."""
    holding = holding_of(person(request), product_id, clock.now())
    if holding is None:
        raise Http404
    return holding


def must_confirm(request: HttpRequest, product_id: uuid.UUID, count: int) -> bool:
    """Whether it is to be asked who gives out so many licenses.

    Licenses that are paid for cost nothing to give out. Those of a trial that goes on
    may, at its end, and who signed in long ago confirms that like any other money.
    """
    # By what it takes to know: what they could be asked for is three statements.
    return (
        not signed_in_lately(request)
        and raises_a_trial(person(request), product_id, count)
        and not is_recent(request)
    )


def buy_url(
    grows: Subscription | None,
    holding: Holding,
    missing: int,
    *,
    bulk: uuid.UUID | None = None,
) -> str:
    """Where so many licenses more are bought, with the new total filled in.

    `grows` is the subscription to buy them in; without one the shop sells another.
    `bulk` is the list of people that they are for, to which one comes back.
    """
    if grows is None:
        return reverse("subscriptions:product", args=[holding.slug])
    asked = {"total": grows.quantity + missing}
    url = reverse("licensing:quantity", args=[grows.pk])
    return f"{url}?{urlencode({**asked, **({'bulk': bulk} if bulk else {})})}"
