"""What this room answers the search in the header: products, and what was bought."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from selfservice.accounts.requests import person
from selfservice.catalog.queries import products_on_sale
from selfservice.core import clock, hooks
from selfservice.core.numbers import Grouped
from selfservice.core.templatetags.ui import format_day, tile
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.listing import named
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.queries import buyer_currency, buyer_profiles
from selfservice.subscriptions.wording import next_sentence


def register_all() -> None:
    hooks.search.register(own_subscriptions)
    hooks.search.register(products)


def own_subscriptions(asked: hooks.SearchAsked) -> hooks.HitGroup:
    """What the reader bought and that isn't deleted, by the product's name."""
    rows = named(person(asked.request), asked.text, clock.now(), asked.limit + 1)
    url = f"{reverse('subscriptions:products')}?{urlencode({'q': asked.text})}"
    return hooks.HitGroup(
        key="subscriptions",
        order=10,
        heading=_("Your products"),
        hits=[_bought(row) for row in rows[: asked.limit]],
        more=len(rows) > asked.limit,
        all_url=url,
    )


def _bought(row: Subscription) -> hooks.Hit:
    state = lifecycle.state_at(row, clock.now())
    at, what = next_sentence(row, state)
    assigned = _("%(assigned)s of %(quantity)s assigned") % {
        "assigned": Grouped(row.assigned),
        "quantity": Grouped(row.quantity),
    }
    then = f" · {what}: {format_day(at)}" if at else ""
    return hooks.Hit(
        title=row.product.name,
        url=reverse("subscriptions:details", args=[row.pk]),
        text=f"{assigned}{then}",
        picture=tile(row.product),
        badge=(lifecycle.BADGES[state], str(lifecycle.LABELS[state])),
    )


def products(asked: hooks.SearchAsked) -> hooks.HitGroup:
    """What can be bought, by its name, its summary or its shelf."""
    buyer = person(asked.request)
    currency = buyer_currency(buyer, buyer_profiles(buyer))
    found = products_on_sale(currency=currency, text=asked.text)
    url = f"{reverse('subscriptions:marketplace')}?{urlencode({'q': asked.text})}"
    return hooks.HitGroup(
        key="products",
        order=40,
        heading=_("Purchase services"),
        hits=[
            hooks.Hit(
                title=product.name,
                url=reverse("subscriptions:product", args=[product.slug]),
                text=product.summary,
                picture=tile(product),
            )
            for product in found[: asked.limit]
        ],
        more=len(found) > asked.limit,
        all_url=url,
    )
