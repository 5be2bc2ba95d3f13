"""Sign-in by an organization's own identity provider (OpenID Connect)."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

PROVIDER = "organization"
NEEDED = ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_ORGANIZATION")


def providers() -> dict[str, Any]:
    """allauth's setting for the provider at `OIDC_SERVER`; nothing without one.

    Raises ImproperlyConfigured when only a part of it is set.
    """
    server = os.environ.get("OIDC_SERVER", "")
    if not server:
        return {}
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        raise ImproperlyConfigured(
            f"OIDC_SERVER is set: set {', '.join(missing)} too, or remove it."
        )
    app = {
        "provider_id": PROVIDER,
        "name": os.environ.get("OIDC_NAME", urlsplit(server).hostname),
        "client_id": os.environ["OIDC_CLIENT_ID"],
        "secret": os.environ["OIDC_CLIENT_SECRET"],
        "settings": {
            "server_url": server,
            # The claim that is the directory's Object Id; `oid` for Microsoft Entra.
            "uid_field": os.environ.get("OIDC_SUBJECT_CLAIM", "sub"),
            "organization": os.environ["OIDC_ORGANIZATION"],
        },
    }
    return {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}}


def form_targets() -> list[str]:
    """Where a sign-in form may lead: browsers follow no redirect to anywhere else."""
    server = urlsplit(os.environ.get("OIDC_SERVER", ""))
    more = os.environ.get("OIDC_FORM_TARGETS", "").split()
    return [f"{server.scheme}://{server.netloc}", *more] if server.netloc else []
