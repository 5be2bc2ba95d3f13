"""Production: everything from the environment, nothing guessed."""

from __future__ import annotations

import copy
import os

from django.core.exceptions import ImproperlyConfigured

from selfservice.settings import contradictions
from selfservice.settings.base import *
from selfservice.settings.base import (
    LOGGING,
    METRICS_TOKEN,
    STRIPE_JS_PUBLIC_URL,
    TRACES_ENDPOINT,
    VAR_DIR,
    content_security_policy,
)
from selfservice.settings.databases import databases
from selfservice.settings.environment import chosen, flag, number, required

SECRET_KEY = required("SECRET_KEY")
ALLOWED_HOSTS = [h.strip() for h in required("ALLOWED_HOSTS").split(",") if h.strip()]
PORTAL_BASE_URL = os.environ.get("PORTAL_BASE_URL") or f"https://{ALLOWED_HOSTS[0]}"
CSRF_TRUSTED_ORIGINS = [PORTAL_BASE_URL.rstrip("/")]
SECURE_SSL_REDIRECT = flag("SECURE_SSL_REDIRECT", default=True)
contradictions.refuse_secret(SECRET_KEY)
contradictions.refuse_address(
    base_url=PORTAL_BASE_URL, hosts=ALLOWED_HOSTS, https=SECURE_SSL_REDIRECT
)

required("DATABASE_URL")
try:
    DATABASES = databases(VAR_DIR)
except ValueError as error:
    raise ImproperlyConfigured(f"{error}.") from error
contradictions.refuse_databases(DATABASES, pooled=flag("PGBOUNCER", default=False))
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
        # Guesses are counted in it. Of more entries than this some are thrown away:
        # of Django's 300, whoever fills them with other names could go on guessing.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
SERVER_EMAIL = DEFAULT_FROM_EMAIL = required("MAIL_FROM")
MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": os.environ.get("SMTP_HOST", "localhost"),
            "port": number("SMTP_PORT", 25, least=1),
            "username": os.environ.get("SMTP_USER", ""),
            "password": os.environ.get("SMTP_PASSWORD", ""),
            "use_tls": flag("SMTP_TLS", default=True),
            # A server that hangs must not hold a worker, and the mail's row, for ever.
            "timeout": 20,
        },
    }
}
contradictions.refuse_mail(
    host=os.environ.get("SMTP_HOST", "localhost"),
    user=os.environ.get("SMTP_USER", ""),
    password=os.environ.get("SMTP_PASSWORD", ""),
    tls=flag("SMTP_TLS", default=True),
)

STRIPE_SECRET_KEY = required("STRIPE_SECRET_KEY")
STRIPE_PUBLISHABLE_KEY = required("STRIPE_PUBLISHABLE_KEY")
STRIPE_WEBHOOK_SECRET = required("STRIPE_WEBHOOK_SECRET")
STRIPE_API_BASE = os.environ.get("STRIPE_API_BASE", "")
STRIPE_JS_URL = STRIPE_JS_PUBLIC_URL
contradictions.refuse_stripe(
    secret=STRIPE_SECRET_KEY,
    publishable=STRIPE_PUBLISHABLE_KEY,
    webhook=STRIPE_WEBHOOK_SECRET,
    base=STRIPE_API_BASE,
)
VIES_URL = os.environ.get(
    "VIES_URL", "https://ec.europa.eu/taxation_customs/vies/rest-api"
)
contradictions.refuse_elsewhere(
    OIDC_SERVER=os.environ.get("OIDC_SERVER", ""), VIES_URL=VIES_URL
)
SELLER_NAME = required("SELLER_NAME")
SELLER_ADDRESS = required("SELLER_ADDRESS")
SELLER_COUNTRY = required("SELLER_COUNTRY")
SELLER_VAT = required("SELLER_VAT")
contradictions.refuse_seller(country=SELLER_COUNTRY, number=SELLER_VAT)
contradictions.refuse_watching(token=METRICS_TOKEN, traces=TRACES_ENDPOINT)

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
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# Names that a browser takes from this host only, over HTTPS, for all of it.
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_NAME = "__Host-csrf"

# Lines for machines: JSON, one a request too. `LOG_FORMAT=line` is for reading along.
LOGGING = copy.deepcopy(LOGGING)
LOGGING["handlers"]["console"] |= {
    "formatter": chosen("LOG_FORMAT", "json", "line"),
    "filters": ["traces", "paths"],
}
LOGGING["loggers"]["selfservice.requests"]["level"] = "INFO"
# Django's own handlers would mail errors, or print them a second time.
LOGGING["loggers"]["django"] = {"handlers": [], "level": "INFO"}
