"""The portal as in production, with yardsticks beside it; for `make bench` only.

PLAIN has the middleware that `startproject` writes instead of the portal's, and
Django's own way to read a session: the yardsticks are to be no slower than anybody's
pages, and no faster.
"""

from __future__ import annotations

import os
from pathlib import Path

import django

from selfservice.core.templating import engines
from selfservice.settings.demo import *
from selfservice.settings.demo import (
    AUTHENTICATION_BACKENDS,
    INSTALLED_APPS,
    MIDDLEWARE,
    SESSION_ENGINE,
    TEMPLATE_SETTINGS,
    VAR_DIR,
)

DEMO = False
CLOCK_FILE = None
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.admin"]
ROOT_URLCONF = "tests.bench.urls"
STATIC_ROOT = VAR_DIR.parent / "static"
PLAIN_SESSIONS = "django.contrib.sessions.backends.db"
PLAIN_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
PORTAL = {"MIDDLEWARE": MIDDLEWARE, "SESSION_ENGINE": SESSION_ENGINE}
PLAIN = {"MIDDLEWARE": PLAIN_MIDDLEWARE, "SESSION_ENGINE": PLAIN_SESSIONS}
AUTHENTICATION_BACKENDS = [*AUTHENTICATION_BACKENDS, "tests.bench.bare.Backend"]
# The admin's templates, and the bare ones, are always rendered by Django's engine:
# the portal's lie where the first one looks, the others where it doesn't.
_DJANGO = Path(django.__file__).parent / "forms" / "templates"
TEMPLATES = engines(os.environ.get("TEMPLATE_ENGINE", "fast"), TEMPLATE_SETTINGS)
if len(TEMPLATES) > 1:
    TEMPLATES[0] = {
        **TEMPLATES[0],
        "DIRS": [*TEMPLATES[0]["DIRS"], _DJANGO],
        "APP_DIRS": False,
    }
TEMPLATES[-1] = {
    **TEMPLATES[-1],
    "DIRS": [*TEMPLATES[-1]["DIRS"], Path(__file__).parent / "templates"],
}
