"""The addresses of this room."""

from __future__ import annotations

from django.urls import path

from licensing.views import (
    assign,
    bulk,
    licenses,
    mine,
    product,
    quantity,
    reactivate,
    unassign,
)

app_name = "licensing"
urlpatterns = [
    path("my-licenses/", mine.my_licenses, name="my_licenses"),
    path("licenses/", licenses.licenses, name="licenses"),
    path("licenses/<uuid:product_id>/", product.product, name="product"),
    path("licenses/<uuid:product_id>/activity/", licenses.activity, name="activity"),
    path("licenses/<uuid:product_id>/assign/", assign.assign, name="assign"),
    path("licenses/<uuid:product_id>/bulk/", bulk.start, name="bulk"),
    path(
        "licenses/<uuid:product_id>/bulk/<uuid:bulk_id>/",
        bulk.bulk_list,
        name="bulk_list",
    ),
    path("licenses/<uuid:product_id>/people/", assign.picker, name="picker"),
    path("licenses/<uuid:product_id>/export/", product.export, name="export"),
    path(
        "licenses/<uuid:product_id>/undo/<uuid:withdrawal>/",
        unassign.undo,
        name="undo",
    ),
    path("licenses/<uuid:product_id>/unassign/", unassign.unassign, name="unassign"),
    path(
        "subscriptions/<uuid:subscription_id>/licenses/",
        quantity.quantity,
        name="quantity",
    ),
    path(
        "subscriptions/<uuid:subscription_id>/reactivate/",
        reactivate.reactivate_pane,
        name="reactivate",
    ),
]
