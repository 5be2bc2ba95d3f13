"""The addresses about oneself that sign-in's own library doesn't have."""

from __future__ import annotations

from django.urls import path

from selfservice.accounts.views import confirm, security

app_name = "accounts"
urlpatterns = [
    path("accounts/security/", security.security, name="security"),
    path("accounts/confirm/", confirm.confirm, name="confirm"),
    # In front of the library's page, on which anybody could give themselves the
    # address of somebody else: here addresses come from the directory.
    path("accounts/email/", security.no_address_page, name="no_address_page"),
]
