"""The WSGI application, for granian or any other server."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from selfservice.core.watch import metrics, stopping, tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "selfservice.settings.production")

# Before the application is made, which reads the list of middleware.
metrics.refuse_half_configured()
tracing.start("portal-web")
stopping.wake_the_main_thread()
application = get_wsgi_application()

# What is loaded by now stays for good. Else every full collection looks at all of it,
# 70 ms in the middle of somebody's request.
gc.collect()
gc.freeze()
