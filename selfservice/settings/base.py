"""What the demo, the tests and production have in common.

Nothing here reads a secret; `demo`, `test` and `production` add them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from selfservice.core.templating import engines
from selfservice.settings import sign_in
from selfservice.settings.environment import number

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
    # A filter of allauth's list of passkeys.
    "django.contrib.humanize",
    "django.forms",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
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
    "selfservice.core.middleware.MachinesMiddleware",
    "selfservice.core.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "selfservice.core.headers.HeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "selfservice.accounts.middleware.PersonMiddleware",
    "selfservice.accounts.unsent.SignInMiddleware",
    "billing.middleware.ReaderMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "selfservice.urls"
WSGI_APPLICATION = "selfservice.wsgi.application"

# Django's own engine takes most of a page's time: selfservice.core.templating.
TEMPLATE_ENGINE = os.environ.get("TEMPLATE_ENGINE", "auto")
TEMPLATE_SETTINGS: dict[str, Any] = {
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
            "django.templatetags.l10n",
            "django.templatetags.static",
            "selfservice.core.templatetags.ui",
        ],
    },
}
TEMPLATES = engines(TEMPLATE_ENGINE, TEMPLATE_SETTINGS)
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
USERSESSIONS_ADAPTER = "selfservice.accounts.adapter.SessionsAdapter"
SOCIALACCOUNT_ADAPTER = "selfservice.accounts.adapter.SocialAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# A whole office may have one network address: its limits stop whoever tries many
# people, in bursts and over hours; those of one person stay narrow.
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = {
    "login": "150/m/ip",
    "login_failed": "100/m/ip,600/h/ip,5/5m/key",
    "reset_password": "60/m/ip,5/m/key",
    "reset_password_from_key": "100/m/ip",
}
MFA_RATE_LIMITS: dict[str, str] | bool = {"webauthn_login": "100/m/ip"}
# Addresses come from the organization's directory, which vouches for them.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# Tell people by mail when how they sign in has changed.
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Else it would be the host as whoever asks wrote it.
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Seconds after which whoever signed in is asked again before money moves.
MONEY_ASKS_AGAIN_AFTER = number("MONEY_ASKS_AGAIN_AFTER", 4 * 3600)
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = sign_in.providers()
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "add_webauthn": "selfservice.accounts.forms.AddPasskeyForm",
    "edit_webauthn": "selfservice.accounts.forms.RenameKeyForm",
    "login_webauthn": "selfservice.accounts.forms.PasskeyForm",
    "activate_totp": "selfservice.accounts.forms.AppCodeForm",
}
ACCOUNT_FORMS = {"change_password": "selfservice.accounts.forms.NewPasswordForm"}
MFA_TOTP_ISSUER = "Licenses & billing"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]

# How many proxies of ours stand in front: who asks is the one before the first.
ALLAUTH_TRUSTED_PROXY_COUNT = number("TRUSTED_PROXIES", 0)

# Days until the activity log forgets from which network address something was done.
ACTIVITY_KEEPS_ORIGINS = number("ACTIVITY_KEEPS_ORIGINS", 90)

# Two weeks after something was last kept in it; money asks again much sooner.
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
# A session that signs in through the database alone keeps a page at one read.
SESSION_ENGINE = "selfservice.accounts.sessions"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Unique it is, whatever its case: constraint user_email_unique.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]

# Languages ----------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("nl", _("Dutch"))]
# 2,500 or 2.500 in every template; what a script or a form reads says |unlocalize.
USE_THOUSAND_SEPARATOR = True
# The second says what the libraries say, in words of ours.
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "libraries"]
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

WORKER_STALLED_AFTER = number("WORKER_STALLED_AFTER", 60, least=1)

# Seconds that the oldest job may wait until /readyz says that the queue stands still.

READY_QUEUE_AGE = number("READY_QUEUE_AGE", 300, least=1)

# Watching: off where nobody asks for it. See docs/alerts.md.

METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
WORKER_METRICS_PORT = number("WORKER_METRICS_PORT", 0)
TRACES_ENDPOINT = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")

# Where the demo keeps how far its time was moved; production has no such file.

CLOCK_FILE: Path | None = None

# Stripe. The API version is pinned by the client's release (stripe 16.1).

STRIPE_API_VERSION = "2026-10-28.endive"
STRIPE_JS_PUBLIC_URL = "https://js.stripe.com/endive/stripe.js"
STRIPE_TIMEOUT_SECONDS = (3.0, 10.0)
STRIPE_MAX_NETWORK_RETRIES = 2
# What a page that only shows something waits for Stripe, retries included.
STRIPE_READER_SECONDS = 5.0

# The EU's register of VAT numbers; empty: it isn't asked, and Stripe's word is taken.
VIES_URL = os.environ.get("VIES_URL", "")

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
        "form-action": [CSP.SELF, *frame, *sign_in.form_targets()],
        "base-uri": [CSP.NONE],
        "frame-ancestors": [CSP.NONE],
        "manifest-src": [CSP.SELF],
    }


SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "selfservice.core.watch.logs.JsonLines"},
    },
    "filters": {
        "paths": {"()": "selfservice.core.watch.logs.WithoutPaths"},
        "traces": {"()": "selfservice.core.watch.logs.WithoutTraces"},
        "strangers": {"()": "selfservice.core.watch.logs.StrangersMistake"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["traces"],
        }
    },
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    # Every sweep of every few seconds is not news.
    "loggers": {
        "procrastinate": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
        # One line a request is for production.
        "selfservice.requests": {"level": "WARNING"},
        # The icons' font has two odd bytes, every time.
        "fontTools": {"level": "ERROR"},
        # A scanner that asks for another host, or sends too much, which Django takes
        # for an error.
        "django.security.DisallowedHost": {"filters": ["strangers"]},
        "django.security.RequestDataTooBig": {"filters": ["strangers"]},
        "django.security.TooManyFieldsSent": {"filters": ["strangers"]},
        "django.security.TooManyFilesSent": {"filters": ["strangers"]},
    },
}
