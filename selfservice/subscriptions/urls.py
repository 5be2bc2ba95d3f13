"""The addresses of buying and of what was bought."""

from __future__ import annotations

from django.urls import path
from django.views.generic import TemplateView

from selfservice.subscriptions.views import (
    changes,
    checkout,
    ending,
    frequency,
    marketplace,
    orders,
    payment_method,
    products,
    trial,
    your_products,
)

app_name = "subscriptions"
urlpatterns = [
    path("marketplace/", marketplace.marketplace, name="marketplace"),
    path("marketplace/<slug:slug>/", marketplace.product, name="product"),
    path("checkout/<uuid:plan_id>/", checkout.checkout, name="checkout"),
    path(
        "terms/",
        TemplateView.as_view(template_name="subscriptions/terms.html"),
        name="terms",
    ),
    path("orders/<uuid:subscription_id>/", orders.order, name="order"),
    path(
        "orders/<uuid:subscription_id>/payment/",
        orders.finish_payment,
        name="finish_payment",
    ),
    path("orders/<uuid:subscription_id>/drop/", orders.drop, name="drop_order"),
    path("products/", your_products.products, name="products"),
    # Short, and relative to the list: it stands in every row.
    path("products/<uuid:subscription_id>", products.row_menu, name="row_menu"),
    path("subscriptions/<uuid:subscription_id>/", products.details, name="details"),
    path(
        "subscriptions/<uuid:subscription_id>/activity/",
        products.activity,
        name="activity",
    ),
    path(
        "subscriptions/<uuid:subscription_id>/cancel/",
        ending.cancel_pane,
        name="cancel",
    ),
    path(
        "subscriptions/<uuid:subscription_id>/recurring-billing/",
        ending.recurring_pane,
        name="recurring_billing",
    ),
    path(
        "subscriptions/<uuid:subscription_id>/frequency/",
        frequency.frequency_pane,
        name="frequency",
    ),
    path(
        "subscriptions/<uuid:subscription_id>/payment-method/",
        payment_method.payment_method_pane,
        name="payment_method",
    ),
    path("subscriptions/<uuid:subscription_id>/trial/", trial.trial_pane, name="trial"),
    path(
        "subscriptions/<uuid:subscription_id>/undo-change/",
        changes.undo_change,
        name="undo_change",
    ),
    path(
        "subscriptions/<uuid:subscription_id>/payment/",
        changes.confirm_payment,
        name="confirm_payment",
    ),
    path("subscriptions/<uuid:subscription_id>/pay/", changes.pay, name="pay"),
]
