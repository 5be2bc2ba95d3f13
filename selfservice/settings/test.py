"""The tests: the demo's settings with its own database, fast hashes, no limits."""

from __future__ import annotations

import os

# Each worker of pytest-xdist has a folder, and with it a PostgreSQL, of its own.
os.environ["PORTAL_VAR"] = os.environ.get(
    "PORTAL_VAR", os.path.join(os.path.dirname(__file__), "../../var/test")
).removesuffix(os.environ.get("PYTEST_XDIST_WORKER", "")) + os.environ.get(
    "PYTEST_XDIST_WORKER", ""
)

from selfservice.settings.demo import *  # noqa: F403  after PORTAL_VAR is set
from selfservice.settings.demo import DATABASES

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
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
ACCOUNT_RATE_LIMITS = False
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
