"""Home, help, and in the demo the gallery."""

from __future__ import annotations

from django.conf import settings
from django.urls import path

from selfservice.portal.views import (
    calendar,
    demo,
    gallery,
    gallery_states,
    help,
    home,
    mailbox,
    notifications,
    personal_data,
    search,
)

app_name = "portal"
urlpatterns = [
    path("", home.home, name="home"),
    path("search/", search.search, name="search"),
    path("help/", help.help_page, name="help"),
    path("personal-data/", personal_data.personal_data, name="personal_data"),
    path(
        "personal-data/my-data.<str:kind>",
        personal_data.download,
        name="personal_download",
    ),
    path("billing/notifications/", notifications.notifications, name="notifications"),
    path(
        "mail/unsubscribe/<str:token>/", notifications.unsubscribe, name="unsubscribe"
    ),
    path(
        "calendar/<uuid:organization_id>/<str:key>.ics",
        calendar.calendar,
        name="calendar",
    ),
]
if settings.DEMO:
    urlpatterns += gallery.urlpatterns + gallery_states.urlpatterns
    urlpatterns += demo.urlpatterns + mailbox.urlpatterns
