"""The demo: everything on this machine, Stripe's stand-in included."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from selfservice.settings.base import *
from selfservice.settings.base import (
    AUTH_PASSWORD_VALIDATORS,
    STRIPE_JS_PUBLIC_URL,
    VAR_DIR,
    content_security_policy,
)
from selfservice.settings.databases import databases

DEMO = True
CLOCK_FILE = VAR_DIR / "clock"
SECRET_KEY = os.environ.get(
    "SECRET_KEY", "demo-only-on-this-machine-never-in-production"
)
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
PORTAL_BASE_URL = os.environ.get("PORTAL_BASE_URL", "http://127.0.0.1:8000")
# Cookies know no ports: two demos side by side would sign each other's people out.
SESSION_COOKIE_NAME = f"portal_session_{urlsplit(PORTAL_BASE_URL).port}"
CSRF_COOKIE_NAME = f"portal_csrf_{urlsplit(PORTAL_BASE_URL).port}"

DATABASES = databases(VAR_DIR)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": VAR_DIR / "cache",
    }
}
MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "OPTIONS": {"file_path": str(VAR_DIR / "mail")},
    }
}
# Eight characters and no dictionary word are for production; the demo says `demo`.
AUTH_PASSWORD_VALIDATORS.clear()

STRIPE_API_BASE = os.environ.get("STRIPE_API_BASE", "http://127.0.0.1:12111")
STRIPE_SANDBOX_ORIGIN = os.environ.get("STRIPE_SANDBOX_ORIGIN", STRIPE_API_BASE)
STRIPE_JS_URL = os.environ.get(
    "STRIPE_JS_URL", f"{STRIPE_SANDBOX_ORIGIN}/endive/stripe.js"
)
STRIPE_SECRET_KEY = os.environ.get("STRIPE_SECRET_KEY", "sk_test_demo")
STRIPE_PUBLISHABLE_KEY = os.environ.get("STRIPE_PUBLISHABLE_KEY", "pk_test_demo")
STRIPE_WEBHOOK_SECRET = os.environ.get("STRIPE_WEBHOOK_SECRET", "whsec_demo")
if STRIPE_JS_URL == STRIPE_JS_PUBLIC_URL:
    raise ImproperlyConfigured("The demo never loads Stripe's own script.")

SECURE_CSP = content_security_policy(
    script=[STRIPE_SANDBOX_ORIGIN],
    frame=[STRIPE_SANDBOX_ORIGIN],
    connect=[STRIPE_SANDBOX_ORIGIN],
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Who can sign in, as the sign-in page and the launcher say it.
DEMO_PEOPLE = [
    {"email": "anna@noordzee.example", "about": _("Purchaser at Noordzee Advies")},
    {"email": "bram@noordzee.example", "about": _("Colleague, bought nothing")},
    {"email": "carla@noordzee.example", "about": _("Global administrator there")},
    {"email": "rik@noordzee.example", "about": _("Global reader there")},
    {"email": "dirk@tulp.example", "about": _("Purchaser at Tulp Bouw")},
]
SELLER_NAME = "Portal Demo B.V."
SELLER_COUNTRY = "NL"
SUPPORT_ADDRESS = os.environ.get("SUPPORT_ADDRESS", "support@portal.example")
OTHER_PORTAL_TIP = os.environ.get("OTHER_PORTAL_TIP", "https://portal.other.example/")
