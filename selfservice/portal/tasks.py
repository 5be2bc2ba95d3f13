"""The portal's background work."""

from __future__ import annotations

from licensing.tasks import end_deleted_by_night
from selfservice.core import jobs
from selfservice.portal.services.demo_clock import NIGHT_JOB
from selfservice.portal.services.reconcile import log_drift
from selfservice.subscriptions.tasks import (
    catch_up_renewals_hourly,
    give_up_overdue_by_night,
)


@jobs.periodic("portal.reconcile", cron="40 2 * * *")
def reconcile_by_night() -> None:
    """Every night: what differs from Stripe goes into the log, for a person."""
    log_drift()


@jobs.job(NIGHT_JOB)
def demo_night() -> None:
    """What runs at times over which the demo's clock was moved, in its order."""
    catch_up_renewals_hourly()
    give_up_overdue_by_night()
    end_deleted_by_night()
