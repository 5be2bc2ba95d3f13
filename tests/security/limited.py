"""The tests' settings with production's limits, and its cache or one a process."""

from __future__ import annotations

import os

from selfservice.settings import base
from selfservice.settings.test import *

ACCOUNT_RATE_LIMITS = base.ACCOUNT_RATE_LIMITS
MFA_RATE_LIMITS = base.MFA_RATE_LIMITS
if not os.environ.get("EACH_ITS_OWN_CACHE"):
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "limits_of_the_tests",
        }
    }
