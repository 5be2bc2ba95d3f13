"""The tests' settings with production's limits, and its cache or one a process."""

from __future__ import annotations

import os

from selfservice.settings.test import *  # noqa: F403  settings extend each other

ACCOUNT_RATE_LIMITS: dict[str, str] = {}
MFA_RATE_LIMITS: dict[str, str] = {}
if not os.environ.get("EACH_ITS_OWN_CACHE"):
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "limits_of_the_tests",
        }
    }
