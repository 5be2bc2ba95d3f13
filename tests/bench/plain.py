"""The yardsticks for a server: without what the portal puts around its pages."""

from __future__ import annotations

import gc

import django

django.setup()

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

# Only now: when it starts, allauth wants its own middleware to be there.
with override_settings(**settings.PLAIN):
    application = WSGIHandler()

# As the portal does.
gc.collect()
gc.freeze()
