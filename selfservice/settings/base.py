"""What the demo, the tests and production have in common.

Nothing here reads a secret; `demo`, `test` and `production` add them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = Path(os.environ.get("PORTAL_VAR") or BASE_DIR / "var").resolve()

DEBUG = False
DEMO = False

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "procrastinate.contrib.django",
    "selfservice.core",
    "selfservice.activity",
    "selfservice.accounts",
    "selfservice.catalog",
    "billing",
    "selfservice.subscriptions",
    "licensing",
    "selfservice.oversight",
    "selfservice.portal",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "selfservice.accounts.middleware.PersonMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "selfservice.urls"
WSGI_APPLICATION = "selfservice.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "selfservice.core.navigation.shell",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "selfservice.core.templatetags.ui",
            ],
        },
    },
]
FORM_RENDERER = "selfservice.core.forms.FluentRenderer"

# People -------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["selfservice.accounts.backends.PersonBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "portal:home"
ACCOUNT_ADAPTER = "selfservice.accounts.adapter.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "selfservice.accounts.adapter.SocialAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# Addresses come from the organization's directory, which vouches for them.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]

# How many proxies of ours stand in front: who asks is the one before the first.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("TRUSTED_PROXIES", "0"))

# Days until the activity log forgets from which network address something was done.
ACTIVITY_KEEPS_ORIGINS = int(os.environ.get("ACTIVITY_KEEPS_ORIGINS", "90"))

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
# A session that signs in through the database alone keeps a page at one read.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Unique it is, whatever its case: constraint user_email_unique.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]

# Languages ----------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("nl", _("Dutch"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Static files: our own, and what set-up builds from packages (the icon sprite).

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
BUILD_DIR = BASE_DIR / "build" / "static"
BUILD_DIR.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static", BUILD_DIR]

# Databases: see selfservice.settings.databases ------------------------------

DATABASE_ROUTERS: list[str] = []

# Mail: one alias, set by each environment.

DEFAULT_FROM_EMAIL = os.environ.get("MAIL_FROM", "portal@localhost")

# Seconds without a sign of life until another worker takes a worker's jobs over.

WORKER_STALLED_AFTER = float(os.environ.get("WORKER_STALLED_AFTER", "60"))

# Where the demo keeps how far its time was moved; production has no such file.

CLOCK_FILE: Path | None = None

# Stripe. The API version is pinned by the client's release (stripe 16.1).

STRIPE_API_VERSION = "2026-10-28.endive"
STRIPE_JS_PUBLIC_URL = "https://js.stripe.com/endive/stripe.js"
STRIPE_TIMEOUT_SECONDS = (3.0, 10.0)
STRIPE_MAX_NETWORK_RETRIES = 2

# The agreement that Checkout asks for; kept with every order.
TERMS_VERSION = "2026-10-01"
ORDER_LAPSES_AFTER_HOURS = 23
ASSIGN_AT_ONCE = 20

SUPPORT_ADDRESS = os.environ.get("SUPPORT_ADDRESS", "")
OTHER_PORTAL_TIP = os.environ.get("OTHER_PORTAL_TIP", "")


def content_security_policy(
    *, script: list[str], frame: list[str], connect: list[str]
) -> dict[str, list[str]]:
    """The one policy of the portal, with the payment provider's origins."""
    return {
        "default-src": [CSP.NONE],
        "script-src": [CSP.SELF, *script],
        "style-src": [CSP.SELF],
        "img-src": [CSP.SELF, "data:"],
        "font-src": [CSP.SELF],
        "connect-src": [CSP.SELF, *connect],
        "frame-src": frame,
        "form-action": [CSP.SELF, *frame],
        "base-uri": [CSP.NONE],
        "frame-ancestors": [CSP.NONE],
        "manifest-src": [CSP.SELF],
    }


SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    # Every sweep of every few seconds is not news.
    "loggers": {
        "procrastinate": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
        # The icons' font has two odd bytes, every time.
        "fontTools": {"level": "ERROR"},
    },
}
