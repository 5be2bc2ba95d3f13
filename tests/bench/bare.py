"""Pages as anybody would write them at first: one query, one plain template.

The same rows as the portal's page, and what it shows of them, behind the same
session and sign-in. No filters, no menus, no frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime

from billing.models import Invoice
from licensing.models import LicenseAssignment
from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription


class Backend(ModelBackend):
    """Who signed in, as Django reads them."""

    def get_user(self, user_id: Any) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()


type View = Callable[[HttpRequest], HttpResponse]


def _page(template: str, rows: Callable[[User, Any], QuerySet[Any]]) -> View:
    def view(request: HttpRequest) -> HttpResponse:
        assert isinstance(request.user, User)
        found = rows(request.user, request.GET)
        return render(request, template, {"rows": found}, using="stock")

    return view


def products(user: User, _asked: Any) -> QuerySet[Any]:
    own = Subscription.objects.filter(organization_id=user.organization_id)
    rows = own.filter(purchaser=user).select_related("product", "plan", "price")
    return rows.order_by("term_end", "id")[:25]


def purchases(user: User, _asked: Any) -> QuerySet[Any]:
    rows = Subscription.objects.filter(organization_id=user.organization_id)
    rows = rows.select_related("product", "plan", "price", "purchaser")
    return rows.order_by("product__name", "purchaser__display_name", "id")[:50]


def people(user: User, asked: Any) -> QuerySet[Any]:
    rows = LicenseAssignment.objects.filter(
        organization_id=user.organization_id,
        purchaser=user,
        product_id=asked["product"],
        ended_at=None,
        suspended_at=None,
    )
    if "q" in asked:
        rows = rows.filter(user__display_name__icontains=asked["q"])
    return rows.select_related("user", "assigned_by").order_by("-pk")[:50]


def picker(user: User, asked: Any) -> QuerySet[Any]:
    rows = User.objects.filter(organization_id=user.organization_id)
    return rows.order_by("pk")[:10]


def invoices(user: User, asked: Any) -> QuerySet[Any]:
    rows = Invoice.objects.filter(
        organization_id=user.organization_id,
        purchaser=user,
        finalized_at__gte=parse_datetime(f"{asked['start']} 00:00Z"),
        finalized_at__lt=parse_datetime(f"{asked['end']} 00:00Z"),
    )
    return rows.select_related("profile").order_by("-finalized_at", "-id")[:50]


def details(request: HttpRequest) -> HttpResponse:
    """A subscription, with its invoices: two queries, for there are two tables."""
    assert isinstance(request.user, User)
    joined = Subscription.objects.select_related(
        "product", "plan", "price", "profile", "payment_method", "purchaser"
    )
    row = joined.get(
        Q(organization_id=request.user.organization_id), pk=request.GET["id"]
    )
    invoices = Invoice.objects.filter(
        organization_id=row.organization_id, subscription_id=row.pk
    ).order_by("-finalized_at")[:5]
    context = {"row": row, "invoices": invoices}
    return render(request, "bare/details.html", context, using="stock")


VIEWS: dict[str, View] = {
    "products": _page("bare/products.html", products),
    "purchases": _page("bare/purchases.html", purchases),
    "people": _page("bare/people.html", people),
    "picker": _page("bare/picker.html", picker),
    "invoices": _page("bare/invoices.html", invoices),
    "details": details,
}
