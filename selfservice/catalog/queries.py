"""Reads of the catalogue. It is small and the same for everybody."""

from __future__ import annotations

import dataclasses
import uuid

from django.conf import settings
from django.db.models import Q
from django.utils.translation import override

from selfservice.catalog.models import Category, Plan, Price, Product
from selfservice.core.money import Money


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """A plan with its current price in one currency."""

    plan: Plan
    price: Price

    @property
    def per_month(self) -> Money:
        """What one license costs per month, rounded to the minor unit."""
        months = self.plan.billing_months
        return Money(round(self.price.amount_minor / months), self.price.currency)


def products_on_sale(
    *, currency: str, text: str = "", category: str = ""
) -> list[Product]:
    """Products with at least one plan in `currency`, in the catalogue's order."""
    products = Product.objects.filter(
        plans__retired_at=None,
        plans__prices__retired_at=None,
        plans__prices__currency=currency,
        plans__prices__stripe_price_id__gt="",
    )
    if category:
        products = products.filter(category=category)
    for word in text.split():
        products = products.filter(
            Q(name__icontains=word)
            | Q(summary_en__icontains=word)
            | Q(summary_nl__icontains=word)
            | Q(category__in=_shelves_named(word))
        )
    return list(products.distinct().order_by("position", "name"))


def _shelves_named(word: str) -> list[str]:
    """The categories whose name has the word, in any of the portal's languages."""
    found: set[str] = set()
    for language, _name in settings.LANGUAGES:
        with override(language):
            named = [(str(label), value) for value, label in Category.choices]
        found.update(value for label, value in named if word.lower() in label.lower())
    return sorted(found)


def offers(
    *, currency: str, product_ids: list[uuid.UUID]
) -> dict[uuid.UUID, list[Offer]]:
    """The plans that can be bought in `currency`, by product, shortest term first."""
    prices = (
        Price.objects.filter(
            plan__product_id__in=product_ids,
            plan__retired_at=None,
            retired_at=None,
            currency=currency,
        )
        .exclude(stripe_price_id="")
        .select_related("plan__product")
    )
    found: dict[uuid.UUID, list[Offer]] = {}
    for price in prices:
        offer = Offer(price.plan, price)
        found.setdefault(price.plan.product_id, []).append(offer)
    for plans in found.values():
        plans.sort(key=lambda o: (o.plan.term_months, o.plan.billing_months))
    return found


def offer_of(*, plan_id: uuid.UUID, currency: str) -> Offer | None:
    """One plan with its current price; null where it isn't offered in `currency`."""
    price = (
        Price.objects.filter(
            plan_id=plan_id, plan__retired_at=None, retired_at=None, currency=currency
        )
        .exclude(stripe_price_id="")
        .select_related("plan__product")
        .first()
    )
    return Offer(price.plan, price) if price is not None else None
