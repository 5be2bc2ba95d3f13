"""Every address of the portal, by room."""

from __future__ import annotations

from django.urls import include, path

handler403 = "selfservice.core.views.refused.no_access"

urlpatterns = [
    path("", include("selfservice.core.urls")),
    path("", include("selfservice.portal.urls")),
    path("", include("selfservice.subscriptions.urls")),
    path("", include("licensing.urls")),
    path("", include("billing.urls")),
    path("", include("selfservice.oversight.urls")),
    path("", include("selfservice.accounts.urls")),
    path("accounts/", include("allauth.urls")),
]
