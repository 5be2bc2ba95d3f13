"""The tests: the demo's settings with its own database, fast hashes, no limits."""

from __future__ import annotations

import os

# Each worker of pytest-xdist has a folder, and with it a PostgreSQL, of its own.
os.environ["PORTAL_VAR"] = os.environ.get(
    "PORTAL_VAR", os.path.join(os.path.dirname(__file__), "../../var/test")
).removesuffix(os.environ.get("PYTEST_XDIST_WORKER", "")) + os.environ.get(
    "PYTEST_XDIST_WORKER", ""
)

from selfservice.core.templating import engines
from selfservice.settings.demo import *
from selfservice.settings.demo import DATABASES, TEMPLATE_SETTINGS

DEMO = True
# A test that moves time names a file of its own.
CLOCK_FILE = None
SECRET_KEY = "only-for-tests"  # noqa: S105  no secret
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["*"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Where there are two engines, each is asked, and they must agree.
TEMPLATES = engines(os.environ.get("TEMPLATE_ENGINE", "both"), TEMPLATE_SETTINGS)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
ACCOUNT_RATE_LIMITS = False
MFA_RATE_LIMITS = False
# Tests let weeks pass; those about it set their own.
MONEY_ASKS_AGAIN_AFTER = 10**9
# Threads open and close connections all the time; a pool would outlive them.
for _database in DATABASES.values():
    _database["OPTIONS"] = {
        k: v for k, v in _database.get("OPTIONS", {}).items() if k != "pool"
    }
    # Nobody misses this data after a power cut.
    _database["EMBEDDED_SETTINGS"] = {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
