"""Making the catalogue what its file says."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

from django.db import transaction

from selfservice.catalog.models import Plan, Price, Product
from selfservice.catalog.services.catalog_file import PlanEntry, ProductEntry
from selfservice.core import clock


@dataclasses.dataclass(slots=True)
class Synced:
    """How many rows a sync made, changed or retired."""

    products: int = 0
    prices_made: int = 0
    prices_retired: int = 0
    plans_retired: int = 0

    @property
    def nothing(self) -> bool:
        return not any(dataclasses.astuple(self))


def sync_catalog(entries: Sequence[ProductEntry]) -> Synced:
    """Write the catalogue's rows, in one transaction; nothing where it is so already.

    A changed price is a new row beside the retired old one, which running
    subscriptions keep. Of a product that is no longer in the file all plans are
    retired. Stripe is not told here.
    """
    counts = Synced()
    now = clock.now()
    with transaction.atomic():
        products = Product.objects.select_for_update(no_key=True).in_bulk(
            field_name="slug"
        )
        kept = [
            _plan(_product(products, entry, counts), plan, now, counts)
            for entry in entries
            for plan in entry.plans
        ]
        _retire_plans([plan.pk for plan in kept], now, counts)
    return counts


def _product(
    products: dict[str, Product], entry: ProductEntry, counts: Synced
) -> Product:
    product = products.setdefault(entry.slug, Product(slug=entry.slug))
    if product._state.adding or _differs(product, entry.fields):
        for name, value in entry.fields.items():
            setattr(product, name, value)
        product.save()
        counts.products += 1
    return product


def _differs(product: Product, fields: Mapping[str, object]) -> bool:
    return any(getattr(product, name) != value for name, value in fields.items())


def _plan(product: Product, entry: PlanEntry, now: dt.datetime, counts: Synced) -> Plan:
    plan, _made = Plan.objects.get_or_create(
        product=product, term=entry.term, frequency=entry.frequency
    )
    if plan.retired_at is not None:
        plan.retired_at = None
        plan.save(update_fields=["retired_at"])
    current = Price.objects.filter(plan=plan, retired_at=None)
    right = {
        price.currency
        for price in current
        if entry.prices.get(price.currency) == price.amount_minor
    }
    # The old one goes first: only one may be current.
    counts.prices_retired += current.exclude(currency__in=right).update(retired_at=now)
    missing = [
        Price(plan=plan, currency=currency, amount_minor=minor, valid_from=now)
        for currency, minor in entry.prices.items()
        if currency not in right
    ]
    counts.prices_made += len(Price.objects.bulk_create(missing))
    return plan


def _retire_plans(kept: Sequence[uuid.UUID], now: dt.datetime, counts: Synced) -> None:
    gone = Plan.objects.filter(retired_at=None).exclude(pk__in=kept)
    prices = Price.objects.filter(plan__in=gone, retired_at=None)
    counts.prices_retired += prices.update(retired_at=now)
    counts.plans_retired += gone.update(retired_at=now)
