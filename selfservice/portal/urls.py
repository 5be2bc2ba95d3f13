"""The addresses of this room."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern

from selfservice.portal.views import gallery

app_name = "portal"
urlpatterns: list[URLPattern] = []
if settings.DEMO:
    urlpatterns += gallery.urlpatterns
