"""Home, help, and in the demo the gallery."""

from __future__ import annotations

from django.conf import settings
from django.urls import path

from selfservice.portal.views import demo, gallery, help, home

app_name = "portal"
urlpatterns = [
    path("", home.home, name="home"),
    path("help/", help.help_page, name="help"),
]
if settings.DEMO:
    urlpatterns += gallery.urlpatterns + demo.urlpatterns
