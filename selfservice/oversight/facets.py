"""What the list of purchases can be narrowed to by a menu, without adding it all up."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db.models import Case, Count, F, QuerySet, Value, When

from selfservice.accounts.models import User
from selfservice.accounts.services.words import normalized
from selfservice.catalog.models import Product
from selfservice.core.statements import Later, Statement
from selfservice.oversight.queries import ALIAS, ORGANIZATION
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.queries import SHOWN

# More of them would outweigh the list; the others are found by typing.
MENU_LENGTH = 10
PRODUCT, PURCHASER = "product", "purchaser"


@dataclasses.dataclass(frozen=True, slots=True)
class Facet:
    """A product or a purchaser that the list can be narrowed to."""

    id: uuid.UUID
    name: str


def facets_of(
    organization_id: uuid.UUID,
    product_id: uuid.UUID | None,
    purchaser_id: uuid.UUID | None,
) -> tuple[list[Facet], list[Facet]]:
    """The products and the purchasers with the most subscriptions, by name.

    At most MENU_LENGTH of each; the chosen one is among them if it bought anything.
    """
    rows = _most().rows(
        organization=organization_id, product=product_id, purchaser=purchaser_id
    )
    return _by_name(PRODUCT, rows), _by_name(PURCHASER, rows)


@cache
def _most() -> Statement[tuple[str, uuid.UUID, str]]:
    """Both menus in one statement; names are read of those on it alone."""
    products = Product.objects.using(ALIAS).filter(pk__in=_most_frequent(PRODUCT))
    people = User.objects.using(ALIAS).filter(
        organization_id=ORGANIZATION, pk__in=_most_frequent(PURCHASER)
    )
    named = people.values_list(Value(PURCHASER), "pk", "display_name")
    both = products.values_list(Value(PRODUCT), "pk", "name").union(named, all=True)
    return Statement(both)


def _most_frequent(name: str) -> QuerySet[Subscription, Any]:
    """The keys of a menu: what is chosen, then what has the most subscriptions."""
    key = f"{name}_id"
    bought = Subscription.objects.filter(
        organization_id=ORGANIZATION, order_state__in=SHOWN
    )
    counted = bought.values(key).annotate(
        count=Count("id"),
        other=Case(When(**{key: Later(name)}, then=Value(0)), default=Value(1)),
    )
    most = counted.order_by("other", F("count").desc(), key)
    keys: QuerySet[Subscription, Any] = most.values(key)
    return keys[:MENU_LENGTH]


def _by_name(kind: str, rows: Iterable[tuple[str, uuid.UUID, str]]) -> list[Facet]:
    facets = [Facet(key, name) for found, key, name in rows if found == kind]
    return sorted(facets, key=lambda facet: normalized(facet.name))
