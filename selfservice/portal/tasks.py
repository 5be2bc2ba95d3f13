"""The portal's background work."""

from __future__ import annotations

from selfservice.core import jobs
from selfservice.portal.services.reconcile import log_drift


@jobs.periodic("portal.reconcile", cron="40 2 * * *")
def reconcile_by_night() -> None:
    """Every night: what differs from Stripe goes into the log, for a person."""
    log_drift()
