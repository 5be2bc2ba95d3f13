"""The hot pages, each with its yardsticks."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any
from urllib.parse import urlencode

from billing.queries import Cursor, invoices_of
from licensing.models import LicenseAssignment
from selfservice.accounts.models import Organization, Role, User
from selfservice.catalog.models import Product
from selfservice.core import clock
from selfservice.subscriptions.models import Subscription

LIST, FRAGMENT, DETAILS, PICKER = "list", "fragment", "details", "picker"


@dataclasses.dataclass(frozen=True, slots=True)
class Hot:
    """A page. `bare` and `admin` are addresses of yardsticks, `raw` the best SQL."""

    name: str
    kind: str
    reader: User
    url: str
    bare: str
    admin: str = ""
    raw: str = ""
    asked: tuple[Any, ...] = ()
    htmx: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class World:
    """Who reads in the big organization, and what."""

    buyer: User
    admin: User
    products: list[uuid.UUID]
    crowded: Subscription
    now: dt.datetime


def world() -> World:
    big = Organization.objects.get(slug="load-1")
    people = User.objects.filter(organization=big).select_related("organization")
    buyer = people.order_by("pk")[0]
    own = Subscription.objects.filter(organization_id=big.pk, purchaser=buyer)
    return World(
        buyer,
        people.get(role=Role.GLOBAL_ADMIN),
        list(Product.objects.order_by("position").values_list("pk", flat=True)),
        own.order_by("-quantity")[0],
        clock.now(),
    )


_RAW_SUBSCRIPTIONS = """
SELECT s.id, p.name, s.assigned, s.quantity, s.term_end, c.amount_minor
FROM subscriptions_subscription s JOIN catalog_product p ON p.id = s.product_id
JOIN catalog_price c ON c.id = s.price_id
WHERE s.organization_id = %s"""
_RAW_PEOPLE = """
SELECT a.id, u.display_name, u.email, u.department, a.assigned_at
FROM licensing_licenseassignment a JOIN accounts_user u ON u.id = a.user_id
WHERE a.organization_id = %s AND a.purchaser_id = %s AND a.product_id = %s
    AND a.ended_at IS NULL AND a.suspended_at IS NULL"""
_CALLED = """AND a.user_id IN (SELECT user_id FROM accounts_personword
    WHERE organization_id = %s AND suffix >= %s AND suffix < %s)"""
_RAW_PICKER = """
SELECT DISTINCT u.id, u.display_name, u.email FROM (
    SELECT user_id FROM accounts_personword WHERE organization_id = %s
        AND suffix >= %s AND suffix < %s ORDER BY suffix LIMIT 40) w
JOIN accounts_user u ON u.id = w.user_id LIMIT 10"""
_RAW_INVOICES = """
SELECT i.id, i.number, i.finalized_at, i.status, i.total_minor, f.name
FROM billing_invoice i JOIN billing_billingprofile f ON f.id = i.profile_id
WHERE i.organization_id = %s AND i.purchaser_id = %s
    AND i.finalized_at >= %s AND i.finalized_at < %s
ORDER BY i.finalized_at DESC, i.id DESC LIMIT 50"""


YARD = "/yard/subscriptions/subscription/"


def hot_pages(w: World) -> list[Hot]:
    tenant = w.buyer.organization_id
    own = f"{_RAW_SUBSCRIPTIONS} AND s.purchaser_id = %s ORDER BY s.term_end LIMIT 25"
    every = f"{_RAW_SUBSCRIPTIONS} ORDER BY p.name, s.id LIMIT 50"
    mine = "/products/", "/bare/products/"
    all_ = "/oversight/purchases/", "/bare/purchases/"
    crowd = f"/subscriptions/{w.crowded.pk}/", f"/bare/details/?id={w.crowded.pk}"
    one = f"{_RAW_SUBSCRIPTIONS} AND s.id = %s", (tenant, w.crowded.pk)
    rows = [
        Hot("Your products", LIST, w.buyer, *mine, YARD, own, (tenant, w.buyer.pk)),
        *_people(w),
        _invoices(w),
        Hot("Oversight with counts", LIST, w.admin, *all_, YARD, every, (tenant,)),
        Hot("Subscription details", DETAILS, w.buyer, *crowd, "", *one),
    ]
    return [fragment for row in rows for fragment in _with_fragment(row)]


def _people(w: World) -> list[Hot]:
    buyer, product = w.buyer, w.products[0]
    tenant, bare = buyer.organization_id, f"/bare/people/?product={product}"
    yard = "/yard/licensing/licenseassignment/"
    called = (tenant, "ja", "ja\U0010ffff")
    return [
        Hot(
            "Licensed people",
            LIST,
            buyer,
            f"/licenses/{product}/",
            bare,
            yard,
            f"{_RAW_PEOPLE} ORDER BY a.id DESC LIMIT 50",
            (tenant, buyer.pk, product),
        ),
        Hot(
            "Licensed people, searched",
            LIST,
            buyer,
            f"/licenses/{product}/?q=ja",
            f"{bare}&q=ja",
            f"{yard}?q=ja",
            f"{_RAW_PEOPLE} {_CALLED} ORDER BY a.id DESC LIMIT 50",
            (tenant, buyer.pk, product, *called),
        ),
        Hot(
            "Picker",
            PICKER,
            buyer,
            f"/licenses/{product}/people/?q=ja",
            "/bare/picker/",
            "/yard/accounts/user/?q=ja",
            _RAW_PICKER,
            called,
            htmx=True,
        ),
    ]


def _invoices(w: World) -> Hot:
    start, end = w.now - dt.timedelta(days=200), w.now - dt.timedelta(days=20)
    days = {"start": f"{start:%Y-%m-%d}", "end": f"{end:%Y-%m-%d}"}
    between = {
        "finalized_at__gte": f"{days['start']} 00:00Z",
        "finalized_at__lt": f"{days['end']} 00:00Z",
    }
    return Hot(
        "Invoices of a period",
        LIST,
        w.buyer,
        f"/billing/invoices/?period=range&{urlencode(days)}",
        f"/bare/invoices/?{urlencode(days)}",
        f"/yard/billing/invoice/?{urlencode(between)}",
        _RAW_INVOICES,
        (w.buyer.organization_id, w.buyer.pk, days["start"], days["end"]),
    )


def spots(w: World) -> list[Hot]:
    """Not asked for often; but they look at every license of the organization."""
    list_, counts = "/oversight/purchases/", "/oversight/spots/"
    return [
        Hot("People with two licenses", LIST, w.admin, f"{list_}?spot=double", ""),
        Hot("Idle licenses", LIST, w.admin, f"{list_}?spot=idle", ""),
        Hot("Counts of all spots", FRAGMENT, w.admin, counts, ""),
    ]


def _with_fragment(row: Hot) -> list[Hot]:
    if row.kind != LIST:
        return [row]
    part = dataclasses.replace(
        row, name=f"{row.name}, part", kind=FRAGMENT, htmx=True, admin="", raw=""
    )
    return [row, part]


def compared_pages(w: World) -> dict[str, tuple[Hot, Hot, float]]:
    """Pairs of pages of which the first may cost so many times the second."""
    buyer, people = w.buyer, f"/licenses/{w.products[0]}/"
    own = Subscription.objects.filter(
        organization_id=buyer.organization_id, purchaser=buyer
    )
    few = own.order_by("quantity")[0]
    last = (own.count() + 24) // 25
    oldest = Cursor(*_last_but(50, invoices_of(buyer)), forward=True)
    old = (w.now - dt.timedelta(days=3600)).date()
    all_ = f"/billing/invoices/?period=range&start={old}&end={w.now:%Y-%m-%d}"
    crowd, fifty = f"/subscriptions/{w.crowded.pk}/", _fiftieth(w)
    pairs = {
        "Your products, last page ÷ first": (
            f"/products/?page={last}",
            "/products/",
            1.2,
        ),
        "Licensed people, last page ÷ first": (f"{people}?after={fifty}", people, 1.2),
        "Invoices, last page ÷ first": (f"{all_}&page={oldest}", all_, 1.2),
        "License of 5,000 ÷ of 20, details": (crowd, f"/subscriptions/{few.pk}/", 1.1),
        "Product with 5,000 people ÷ with few, list": (
            people,
            f"/licenses/{w.products[2]}/",
            1.1,
        ),
    }

    def page(url: str) -> Hot:
        return Hot(url, LIST, buyer, url, "")

    return {
        name: (page(first), page(second), most)
        for name, (first, second, most) in pairs.items()
    }


def _fiftieth(w: World) -> uuid.UUID:
    """The oldest license but fifty."""
    live = LicenseAssignment.objects.filter(
        organization_id=w.buyer.organization_id,
        purchaser=w.buyer,
        product_id=w.products[0],
        ended_at=None,
        suspended_at=None,
    )
    return live.order_by("pk").values_list("pk", flat=True)[50]


def _last_but(count: int, rows: Any) -> tuple[dt.datetime, uuid.UUID]:
    oldest = rows.order_by("finalized_at", "id").values_list("finalized_at", "id")
    return oldest[count]
