"""The admin's addresses: all of them answer GET and HEAD only."""

from __future__ import annotations

from django.urls import path

from selfservice.oversight.views import activity, purchases, spend

app_name = "oversight"
urlpatterns = [
    path("oversight/purchases/", purchases.purchases, name="purchases"),
    path("oversight/spots/", purchases.spots, name="spots"),
    path(
        "oversight/purchases/<uuid:subscription_id>/",
        purchases.purchase,
        name="purchase",
    ),
    path(
        "oversight/purchases/<uuid:subscription_id>/activity/",
        activity.purchase_activity,
        name="purchase_activity",
    ),
    path("oversight/spend/", spend.spend, name="spend"),
    path("oversight/activity/", activity.activity, name="activity"),
]
