"""What has no room of its own: the language switch and the machines' pages."""

from django.urls import path

from selfservice.core.views import health, language

app_name = "core"
urlpatterns = [
    path("language/", language.set_language, name="language"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
