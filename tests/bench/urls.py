"""The portal's pages with the yardsticks'."""

from __future__ import annotations

from django.urls import include, path

from tests.bench import admin, bare

urlpatterns = [
    *(path(f"bare/{name}/", view) for name, view in bare.VIEWS.items()),
    path("yard/", admin.site.urls),
    path("", include("selfservice.urls")),
]
