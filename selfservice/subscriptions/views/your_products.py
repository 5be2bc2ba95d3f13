"""Your products: what one bought, filtered, sorted, grouped."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from selfservice.accounts.requests import person
from selfservice.core import clock
from selfservice.core.htmx import HtmxHttpRequest, render_page
from selfservice.core.links import row_url
from selfservice.core.lists import Choice, choices, with_query
from selfservice.core.numbers import Grouped
from selfservice.subscriptions import lifecycle
from selfservice.subscriptions.charges import card_fails_at
from selfservice.subscriptions.forms import ProductsFilter
from selfservice.subscriptions.listing import (
    PAGE_SIZE,
    Group,
    ListPage,
    Search,
    products_bought,
    products_page,
)
from selfservice.subscriptions.models import Subscription
from selfservice.subscriptions.wording import frequency_words, next_sentence, plan_words


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A subscription as the list shows it; `heading` when a group begins with it."""

    subscription: Subscription
    state: str
    label: str
    badge: str
    next_at: dt.datetime | None
    next_words: str
    plan: str
    per: str
    card_fails: bool = False
    heading: str = ""

    @property
    def usable(self) -> bool:
        return self.state in lifecycle.ASSIGNABLE

    @property
    def url(self) -> str:
        name = "order" if self.state == lifecycle.PENDING else "details"
        return row_url(f"subscriptions:{name}", self.subscription.pk)


def row_of(subscription: Subscription, now: dt.datetime, heading: str = "") -> Row:
    state = lifecycle.state_at(subscription, now)
    next_at, words = next_sentence(subscription, state)
    plan = subscription.plan
    return Row(
        subscription=subscription,
        state=state,
        label=str(lifecycle.LABELS[state]),
        badge=lifecycle.BADGES[state],
        next_at=next_at,
        next_words=words,
        plan=plan_words(plan.term, plan.frequency),
        per=frequency_words(plan),
        card_fails=card_fails_at(subscription, now) is not None,
        heading=heading,
    )


@require_safe
def products(request: HtmxHttpRequest) -> HttpResponse:
    form = ProductsFilter(request.GET)
    now, buyer = clock.now(), person(request)
    search = _search(form)
    page = products_page(
        purchaser=buyer, now=now, search=search, number=form.value("page", 1)
    )
    context = {
        "rows": list(_rows(page, now)),
        "total": page.total,
        "q": search.text,
        "sort": search.sort,
        "search": search,
        "products": products_bought(buyer),
        "kept": _kept(form),
        **_filters(request, form),
        **_pages(request, page),
    }
    return render_page(request, "subscriptions/products.html", context, partial="list")


def _search(form: ProductsFilter) -> Search:
    ends = form.value("expiring")
    return Search(
        text=form.value("q"),
        status=form.value("status"),
        trials=form.value("channel") == "trial",
        product=form.value("product"),
        expiring=int(ends) if ends.isdigit() else None,
        cards_ending=ends == "card",
        sort=form.value("sort", "next"),
        grouped=form.value("group") == "product",
    )


def _kept(form: ProductsFilter) -> list[tuple[str, str]]:
    """What the search form must send along, so that it narrows what is there."""
    names = ("channel", "status", "expiring", "group", "sort")
    return [(name, form.value(name)) for name in names if form.value(name)]


def _filters(request: HttpRequest, form: ProductsFilter) -> dict[str, Any]:
    """The filters as links, and those in force as chips that remove them."""
    fields: dict[str, Any] = form.fields
    labels = {name: dict(fields[name].choices) for name in ("channel", "expiring")}
    every = ("", _("All"))

    def links(name: str, values: dict[Any, Any]) -> list[Choice]:
        return choices(request, name, [every, *values.items()], chosen=form.value(name))

    channel, grouped = form.value("channel"), form.value("group") == "product"
    return {
        "channels": links("channel", labels["channel"]),
        "statuses": links("status", lifecycle.LABELS),
        "expirings": links("expiring", labels["expiring"]),
        "channel_label": labels["channel"].get(channel, ""),
        "without_channel": with_query(request, channel=None),
        "grouping": Choice(
            _("Group by product"),
            with_query(request, group=None if grouped else "product"),
            grouped,
        ),
    }


def _rows(page: ListPage, now: dt.datetime) -> Iterator[Row]:
    before = None
    for subscription in page.rows:
        group = page.groups.get(subscription.product_id)
        begins = group is not None and subscription.product_id != before
        before = subscription.product_id
        yield row_of(subscription, now, _heading(group) if begins and group else "")


def _heading(group: Group) -> str:
    subscriptions = ngettext(
        "%(count)s subscription", "%(count)s subscriptions", group.subscriptions
    ) % {"count": Grouped(group.subscriptions)}
    licenses = ngettext(
        "%(assigned)s of %(count)s license assigned",
        "%(assigned)s of %(count)s licenses assigned",
        group.quantity,
    ) % {"assigned": Grouped(group.assigned), "count": Grouped(group.quantity)}
    return f"{subscriptions} · {licenses}"


def _pages(request: HttpRequest, page: ListPage) -> dict[str, str]:
    number = page.number
    words = _("%(first)s–%(last)s of %(total)s") % {
        "first": Grouped((number - 1) * PAGE_SIZE + 1),
        "last": Grouped(min(number * PAGE_SIZE, page.total)),
        "total": Grouped(page.total),
    }
    return {
        "page_text": words,
        "previous_url": with_query(request, page=str(number - 1)) if number > 1 else "",
        "next_url": with_query(request, page=str(number + 1)) if page.has_next else "",
    }
