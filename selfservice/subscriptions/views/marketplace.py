"""Purchase services: the catalogue, and a product's page."""

from __future__ import annotations

import dataclasses

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from selfservice.accounts.models import User
from selfservice.accounts.requests import person
from selfservice.catalog.models import Category, Plan, Product
from selfservice.catalog.queries import Offer, offers, products_on_sale
from selfservice.core import clock
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.lists import choices
from selfservice.core.money import Money
from selfservice.core.numbers import Grouped
from selfservice.subscriptions.forms import MarketplaceFilter
from selfservice.subscriptions.queries import (
    buyer_currency,
    buyer_profiles,
    colleagues_with,
    owned_licenses,
)
from selfservice.subscriptions.services.offering import (
    trial_licenses,
    trial_open,
    trials_had,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Shelf:
    """A product as the catalogue shows it. `cheapest` is per license and month."""

    product: Product
    cheapest: Money
    free: int | None
    trial: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Trial:
    """A trial that can be started, with the plan that is proposed for afterwards."""

    plan: Plan
    licenses: int


@require_safe
def marketplace(request: HtmxHttpRequest) -> HttpResponse:
    buyer = person(request)
    form = MarketplaceFilter(request.GET)
    form.is_valid()
    text = form.cleaned_data.get("q", "")
    category = form.cleaned_data.get("category", "")
    if category not in Category.values:
        category = ""
    currency = buyer_currency(buyer, buyer_profiles(buyer))
    context = {
        "shelves": _shelves(buyer, currency, text, category),
        "q": text,
        "category": category,
        "categories": choices(
            request,
            "category",
            [("", _("All")), *Category.choices],
            chosen=category,
        ),
    }
    return render_page(
        request, "subscriptions/marketplace.html", context, partial="list"
    )


def _shelves(buyer: User, currency: str, text: str, category: str) -> list[Shelf]:
    products = products_on_sale(currency=currency, text=text, category=category)
    plans = offers(currency=currency, product_ids=[p.pk for p in products])
    owned = owned_licenses(buyer, clock.now())
    had = trials_had(buyer.organization_id)
    now = clock.now()
    return [
        Shelf(
            product,
            min((o.per_month for o in plans[product.pk]), key=lambda m: m.minor),
            owned.get(product.pk),
            trial=product.trial_offered
            and product.sold_at(now)
            and product.pk not in had,
        )
        for product in products
        if product.pk in plans
    ]


@require_safe
def product(request: HtmxHttpRequest, slug: str) -> HttpResponse:
    buyer = person(request)
    found = Product.objects.filter(slug=slug).first()
    if found is None:
        raise Http404
    currency = buyer_currency(buyer, buyer_profiles(buyer))
    plans = offers(currency=currency, product_ids=[found.pk]).get(found.pk, [])
    free = owned_licenses(buyer, clock.now()).get(found.pk)
    context = {
        "product": found,
        "offers": plans,
        "best": _best(plans),
        "trial": _trial(buyer, found, plans),
        "currency": currency,
        "sold": found.sold_at(clock.now()),
        "free": free,
        "owned": _owned_sentence(free),
        "others": _others_sentence(colleagues_with(buyer, found.pk, clock.now())),
        "buyer": buyer,
    }
    return render_page(
        request, "subscriptions/product.html", context, partial="content"
    )


def _best(plans: list[Offer]) -> Offer | None:
    """The plan that costs least per month; proposed, never forced."""
    return min(plans, key=lambda o: o.per_month.minor, default=None)


def _trial(buyer: User, product: Product, plans: list[Offer]) -> Trial | None:
    """The trial of a product; null where there is none to start."""
    if not plans or not buyer.can_buy:
        return None
    if not trial_open(buyer=buyer, product=product):
        return None
    # For afterwards what commits least is proposed.
    return Trial(plans[0].plan, trial_licenses(product))


def _owned_sentence(free: int | None) -> str:
    if free is None:
        return ""
    if free == 0:
        return _("You have this product; all its licenses are assigned.")
    return ngettext(
        "You have %(count)s free license for this product.",
        "You have %(count)s free licenses for this product.",
        free,
    ) % {"count": Grouped(free)}


def _others_sentence(colleagues: int) -> str:
    """How many colleagues bought it; never who."""
    if not colleagues:
        return ""
    return ngettext(
        "%(count)s colleague in your organization bought this product. Ask your admin"
        " before you buy it again.",
        "%(count)s colleagues in your organization bought this product. Ask your admin"
        " before you buy it again.",
        colleagues,
    ) % {"count": Grouped(colleagues)}
