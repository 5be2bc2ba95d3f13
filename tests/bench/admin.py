"""Django admin's changelists of the same tables, scoped to the organization."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from billing.models import Invoice
from licensing.models import LicenseAssignment
from selfservice.accounts.models import User
from selfservice.subscriptions.models import Subscription


class Site(AdminSite):
    """For whoever is signed in."""

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_authenticated)


class Scoped(ModelAdmin):
    """Only rows of the reader's organization; nobody counts the others."""

    show_full_result_count = False
    list_per_page = 50
    joined: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.filter(organization_id=request.user.organization_id)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    has_add_permission = has_change_permission = has_delete_permission = (
        has_view_permission
    )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True


class Subscriptions(Scoped):
    list_display = (
        "product",
        "purchaser",
        "bought_at",
        "assigned",
        "quantity",
        "stripe_status",
        "term_end",
        "period_total",
    )
    list_select_related = ("product", "plan", "price", "purchaser")
    ordering = ("product__name", "purchaser__display_name")
    search_fields = ("product__name", "purchaser__display_name")


class Assignments(Scoped):
    list_display = ("name", "email", "department", "assigned_at", "assigned_by")
    list_select_related = ("user", "assigned_by")
    ordering = ("-pk",)
    search_fields = ("user__display_name", "user__email")

    def name(self, row: LicenseAssignment) -> str:
        return row.user.display_name

    def email(self, row: LicenseAssignment) -> str:
        return row.user.email

    def department(self, row: LicenseAssignment) -> str:
        return row.user.department


class Invoices(Scoped):
    list_display = (
        "number",
        "finalized_at",
        "profile",
        "status",
        "total",
        "amount_due",
        "due_at",
    )
    list_select_related = ("profile",)
    list_filter = ("finalized_at",)
    ordering = ("-finalized_at", "-id")
    search_fields = ("number", "title")


class People(Scoped):
    list_display = ("display_name", "department", "email")
    ordering = ("display_name",)
    search_fields = ("display_name", "email")
    list_per_page = 10


site = Site(name="yard")
site.register(Subscription, Subscriptions)
site.register(LicenseAssignment, Assignments)
site.register(Invoice, Invoices)
site.register(User, People)
