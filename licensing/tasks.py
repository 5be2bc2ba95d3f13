"""The background work of licensing."""

from __future__ import annotations

import logging
import uuid

from licensing import mails
from licensing.queries import miscounted
from licensing.services.ending import end_deleted
from selfservice.core import jobs

logger = logging.getLogger(__name__)


@jobs.job(mails.ASSIGNED_JOB)
def mail_assigned(organization_id: str, assignment_ids: list[str]) -> None:
    mails.queue_assigned(
        uuid.UUID(organization_id), [uuid.UUID(pk) for pk in assignment_ids]
    )


@jobs.periodic("licensing.compare_counters", cron="10 2 * * *")
def compare_counters() -> None:
    """Every night: the counters against the rows they count. Never a difference."""
    for subscription_id, counted, live in miscounted():
        logger.error(
            "Subscription %s counts %d licenses, %d are assigned",
            subscription_id,
            counted,
            live,
        )


@jobs.periodic("licensing.end_deleted", cron="50 2 * * *")
def end_deleted_by_night() -> None:
    """Every night: licenses of what is Deleted end; the state says so all the time."""
    ended = end_deleted()
    if ended:
        logger.info("%d licenses of deleted subscriptions ended", ended)
