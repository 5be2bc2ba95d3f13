"""Production: everything from the environment, nothing guessed."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured

from selfservice.settings.base import *  # noqa: F403  settings modules extend each other
from selfservice.settings.base import (
    DEFAULT_FROM_EMAIL,
    STRIPE_JS_PUBLIC_URL,
    VAR_DIR,
    content_security_policy,
)
from selfservice.settings.databases import databases


def required(name: str) -> str:
    """The value of an environment variable; without it the start ends here."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"Set {name}: production does not start without it.")
    return value


SECRET_KEY = required("SECRET_KEY")
ALLOWED_HOSTS = [h.strip() for h in required("ALLOWED_HOSTS").split(",") if h.strip()]
PORTAL_BASE_URL = os.environ.get("PORTAL_BASE_URL", f"https://{ALLOWED_HOSTS[0]}")
CSRF_TRUSTED_ORIGINS = [PORTAL_BASE_URL]

required("DATABASE_URL")
DATABASES = databases(VAR_DIR)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
    }
}
MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": os.environ.get("SMTP_HOST", "localhost"),
            "port": int(os.environ.get("SMTP_PORT", "25")),
            "username": os.environ.get("SMTP_USER", ""),
            "password": os.environ.get("SMTP_PASSWORD", ""),
            "use_tls": os.environ.get("SMTP_TLS", "1") == "1",
            # A server that hangs must not hold a worker, and the mail's row, for ever.
            "timeout": 20,
        },
    }
}
SERVER_EMAIL = DEFAULT_FROM_EMAIL

STRIPE_SECRET_KEY = required("STRIPE_SECRET_KEY")
STRIPE_PUBLISHABLE_KEY = required("STRIPE_PUBLISHABLE_KEY")
STRIPE_WEBHOOK_SECRET = required("STRIPE_WEBHOOK_SECRET")
STRIPE_API_BASE = os.environ.get("STRIPE_API_BASE", "")
STRIPE_JS_URL = STRIPE_JS_PUBLIC_URL
if STRIPE_API_BASE and "_live_" in STRIPE_SECRET_KEY:
    raise ImproperlyConfigured(
        "STRIPE_SECRET_KEY is a live key, but STRIPE_API_BASE points elsewhere than"
        " Stripe. Remove STRIPE_API_BASE, or use a test key."
    )
if ("_live_" in STRIPE_SECRET_KEY) != ("_live_" in STRIPE_PUBLISHABLE_KEY):
    raise ImproperlyConfigured(
        "STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY are of different modes:"
        " use two live keys or two test keys."
    )
SELLER_NAME = required("SELLER_NAME")
SELLER_ADDRESS = required("SELLER_ADDRESS")
SELLER_COUNTRY = required("SELLER_COUNTRY")
SELLER_VAT = required("SELLER_VAT")

SECURE_CSP = content_security_policy(
    script=["https://js.stripe.com"],
    frame=[
        "https://js.stripe.com",
        "https://hooks.stripe.com",
        "https://checkout.stripe.com",
        "https://invoice.stripe.com",
    ],
    connect=["https://api.stripe.com"],
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
SECURE_SSL_REDIRECT = os.environ.get("SECURE_SSL_REDIRECT", "1") == "1"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
