"""What somebody may look at: the products that they bought themselves."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest

from licensing.queries import Holding, holding_of
from selfservice.accounts.requests import person
from selfservice.core import clock


def holding_for(request: HttpRequest, product_id: uuid.UUID) -> Holding:
    """The product, as this person bought it. Raises Http404 when they didn't."""
    holding = holding_of(person(request), product_id, clock.now())
    if holding is None:
        raise Http404
    return holding
