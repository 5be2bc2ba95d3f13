"""Products, plans and prices, as the catalogue sync leaves them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from django.utils.text import slugify

from selfservice.catalog.models import Category, Frequency, Plan, Price, Product, Term
from selfservice.catalog.queries import Offer
from selfservice.core import clock

_numbers = itertools.count(1)


def make_product(name: str = "", **fields: Any) -> Product:
    """A product without plans: nobody can buy it yet."""
    number = next(_numbers)
    name = name or f"Product {number}"
    defaults: dict[str, Any] = {
        "slug": slugify(name),
        "summary_en": f"{name} in a sentence",
        "summary_nl": f"{name} in een zin",
        "description_en": f"What {name} does.",
        "description_nl": f"Wat {name} doet.",
        "category": Category.PROJECTS,
        "icon": "board",
        "color": number % 8 + 1,
        "position": number,
    }
    return Product.objects.create(name=name, **(defaults | fields))


def make_plan(
    product: Product | None = None,
    *,
    term: Term = Term.YEAR,
    frequency: Frequency = Frequency.MONTHLY,
    **fields: Any,
) -> Plan:
    """A plan without a price."""
    return Plan.objects.create(
        product=product or make_product(), term=term, frequency=frequency, **fields
    )


def make_price(
    plan: Plan, amount_minor: int = 1030, currency: str = "EUR", **fields: Any
) -> Price:
    """A current price, known to Stripe by an invented id unless `fields` say it."""
    fields.setdefault("stripe_price_id", f"price_made_{next(_numbers)}")
    fields.setdefault("valid_from", clock.now())
    return Price.objects.create(
        plan=plan, amount_minor=amount_minor, currency=currency, **fields
    )


def make_offer(
    product: Product | None = None,
    *,
    amount_minor: int = 1030,
    currency: str = "EUR",
    term: Term = Term.YEAR,
    frequency: Frequency = Frequency.MONTHLY,
    **product_fields: Any,
) -> Offer:
    """A product that can be bought: with one plan and its price.

    Its Stripe id is invented: enough wherever Stripe is not asked about it.
    """
    product = product or make_product(**product_fields)
    plan = make_plan(product, term=term, frequency=frequency)
    return Offer(plan, make_price(plan, amount_minor, currency))


def make_product_with_plan(name: str = "", **fields: Any) -> Product:
    """A product that can be bought by the year, €10.30 a month."""
    return make_offer(name=name, **fields).plan.product


def catalog_toml(
    *,
    slug: str = "boards",
    name: str = "Boards",
    prices: Mapping[str, str] | None = None,
) -> str:
    """One product, as `sync_catalog` reads it, with a plan of a year by the month."""
    listed = (prices or {"EUR": "10.30"}).items()
    return f"""
[[products]]
slug = "{slug}"
name = "{name}"
category = "projects"
icon = "board"
color = 1
summary = {{ en = "Boards.", nl = "Borden." }}
description = {{ en = "Many boards.", nl = "Veel borden." }}
[[products.plans]]
term = "year"
billed = "monthly"
prices = {{ {", ".join(f"{key} = {value}" for key, value in listed)} }}
"""
