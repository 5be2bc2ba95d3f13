"""The yardsticks for a server: without what the portal puts around its pages."""

from __future__ import annotations

import gc

import django

django.setup()

from django.conf import settings  # noqa: E402  after setup
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.test import override_settings  # noqa: E402

# Only now: when it starts, allauth wants its own middleware to be there.
with override_settings(**settings.PLAIN):
    application = WSGIHandler()

# As the portal does.
gc.collect()
gc.freeze()
